//! What is called and read through Replay's API, and what those do who were invited there.

use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::demo::Person;
use testkit::generate::name;

use super::model::{Invitation, Model, Offer, Status};
use super::{ADDRESSES, World, command, present, text};

const USERS: &str = "/api/user";

#[derive(Debug, Clone)]
pub(super) enum Call {
    Names {
        first: Option<String>,
        last: Option<String>,
        manager: Option<bool>,
    },
    Refused,
    /// An invitation with the external id of this place, to an address of all or to the person's own.
    Invite {
        email: Option<usize>,
        first: String,
        last: Option<String>,
        manager: bool,
    },
    InviteToTeam {
        team: usize,
        manager: bool,
    },
    Accept {
        given: Option<String>,
        family: Option<String>,
    },
    Revoke,
}

pub(super) fn call() -> impl Strategy<Value = Call> {
    let some = || prop::option::of(name());
    prop_oneof![
        2 => (some(), some(), any::<Option<bool>>())
            .prop_map(|(first, last, manager)| Call::Names { first, last, manager }),
        1 => Just(Call::Refused),
        3 => (prop::option::of(0..ADDRESSES.len()), name(), some(), any::<bool>())
            .prop_map(|(email, first, last, manager)| Call::Invite { email, first, last, manager }),
        2 => (0..2_usize, any::<bool>()).prop_map(|(team, manager)| Call::InviteToTeam { team, manager }),
        3 => (some(), some()).prop_map(|(given, family)| Call::Accept { given, family }),
        1 => Just(Call::Revoke),
    ]
}

pub(super) fn user(person: &Person) -> String {
    format!("{USERS}/{}", person.replay)
}

fn role(manager: bool) -> &'static str {
    if manager { "Manager" } else { "User" }
}

impl World<'_> {
    pub(super) fn replay(&mut self, index: usize, call: &Call) {
        match call {
            Call::Invite { email, first, last, manager } => {
                self.invite(index, *email, first, last.as_ref(), *manager);
            }
            _ if self.model[index].status == Status::Gone => self.finds_nobody(index),
            Call::Names { first, last, manager } => {
                let body = present(json!({"firstName": first, "lastName": last, "role": manager.map(role)}));
                let answer = self.callers.replay.patch(user(&self.people[index]), body);
                let model = &mut self.model[index];
                match model.status {
                    Status::Active => answer.expect(200),
                    Status::Pending => return drop(answer.expect(404)),
                    _ => return drop(answer.expect(409)),
                };
                model.write_parts(first.as_ref(), last.as_ref());
                model.manager = manager.unwrap_or(model.manager);
            }
            Call::Refused => {
                let path = user(&self.people[index]);
                for body in [
                    json!({"firstName": "Never", "role": "Admin"}),
                    json!({"firstName": "Never", "lastName": ""}),
                ] {
                    self.callers.replay.patch(&path, body).expect(400);
                }
            }
            Call::InviteToTeam { team, manager } => self.invite_to_team(index, *team, *manager),
            Call::Accept { given, family } => {
                let Some(invitation) = self.model[index].invitation.clone() else { return };
                let mut args = vec!["invitation", "accept", invitation.id.as_str()];
                args.extend(given.iter().flat_map(|name| ["--given-name", name.as_str()]));
                args.extend(family.iter().flat_map(|name| ["--family-name", name.as_str()]));
                assert_eq!(command(self.server, &args)["id"], *self.people[index].replay);
                self.model[index].accept(given.as_ref(), family.as_ref());
                self.callers.replay.get(format!("{USERS}/{}", invitation.id)).expect(404);
            }
            Call::Revoke => {
                let Some(invitation) = self.model[index].invitation.take() else { return };
                let revoked = command(self.server, &["invitation", "revoke", &invitation.id]);
                assert_eq!(revoked["state"], "revoked");
                if invitation.offer.is_none() {
                    self.leave(index);
                }
            }
        }
    }

    fn invite(
        &mut self,
        index: usize,
        email: Option<usize>,
        first: &str,
        last: Option<&String>,
        manager: bool,
    ) {
        let mut after = self.model[index].clone();
        let email = email.map_or(after.email.clone(), |address| ADDRESSES[address].to_owned());
        if after.status == Status::Gone && self.is_taken(index, &email) {
            // Whose address it is may be disabled, and then invited in place of the leaver.
            return;
        }
        let body = json!({"email": email, "firstName": first, "lastName": last, "role": role(manager),
            "externalId": self.external_id(index)});
        let answer = self.callers.replay.post(USERS, present(body));
        let is_known = after.status == Status::Active || after.invitation.is_some();
        // Who is expected without having been invited here cannot be invited by anybody.
        if is_known {
            assert_eq!(answer.expect(200).json(), self.seen_in_replay(index));
        } else if after.status == Status::Pending || self.is_taken(index, &email) {
            answer.expect(409);
        } else {
            let id = text(&answer.expect(201).json()["id"]).to_owned();
            if after.status == Status::Gone {
                after.status = Status::Pending;
                after.write_parts(Some(&first.to_owned()), Some(last.unwrap_or(&String::new())));
                (after.email, after.manager) = (email, manager);
                after.invitation = Some(Invitation { id, offer: None });
            } else {
                let (given, family) = (first.to_owned(), last.cloned().unwrap_or_default());
                let offer = Offer { email, given, family, manager, team: None };
                after.invitation = Some(Invitation { id, offer: Some(offer) });
            }
            self.model[index] = after;
        }
    }

    /// By the person's own address.
    fn invite_to_team(&mut self, index: usize, team: usize, manager: bool) {
        let model = &mut self.model[index];
        let team = self.seed.tenant.replay.team_ids[team].clone();
        let body = json!({"email": model.email, "teamId": team, "role": role(manager)});
        let answer = self.callers.replay.post("/api/user/invite", body);
        let id = |answer: Value| text(&answer["id"]).to_owned();
        let known = model.invitation.as_mut();
        let expected = known.as_ref().map(|invitation| invitation.id.clone());
        match (model.status, known) {
            (_, Some(Invitation { offer: Some(offer), .. })) => {
                (offer.manager, offer.team) = (manager, Some(team));
                assert_eq!(Some(id(answer.expect(200).json())), expected);
            }
            (Status::Pending, Some(_)) => {
                (model.manager, model.team) = (manager, Some(team));
                assert_eq!(Some(id(answer.expect(200).json())), expected);
            }
            (Status::Active | Status::Pending, _) => drop(answer.expect(409)),
            (_, _) => {
                let (email, given, family) = (model.email.clone(), String::new(), String::new());
                let offer = Offer { email, given, family, manager, team: Some(team) };
                let id = id(answer.expect(200).json());
                model.invitation = Some(Invitation { id, offer: Some(offer) });
            }
        }
    }

    /// What Replay calls the person who is active or was invited, but for the times.
    fn expected_in_replay(&self, index: usize) -> Value {
        let Model { given, family, email, manager, invitation, .. } = &self.model[index];
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        let external_id = self.external_id(index);
        let offer = invitation.as_ref().and_then(|it| it.offer.as_ref());
        let (email, given, family, manager) = match offer {
            Some(Offer { email, given, family, manager, .. }) => (email, given, family, manager),
            None => (email, given, family, manager),
        };
        json!({
            "id": invitation.as_ref().map_or(&self.people[index].replay, |invitation| &invitation.id),
            "email": email, "firstName": some(given), "lastName": some(family), "role": role(*manager),
            "status": if invitation.is_some() { "invited" } else { "active" }, "externalId": external_id,
        })
    }

    /// What Replay says of somebody who is active or was invited: a creation that finds them shows them whole.
    fn seen_in_replay(&self, index: usize) -> Value {
        let body = json!({"email": "never@machine.example", "firstName": "Never", "role": "User",
            "externalId": self.external_id(index)});
        self.callers.replay.post(USERS, body).expect(200).json()
    }

    pub(super) fn look_in_replay(&self, index: usize) {
        let (model, person) = (&self.model[index], &self.people[index]);
        let answer = self.callers.replay.get(user(person));
        if model.status == Status::Active {
            let user = &answer.expect(200).json();
            assert_eq!(user["firstName"], json!(model.given), "{user}");
            assert_eq!(user["teamId"], json!(model.team), "{user}");
            let role = if model.manager { "Manager" } else { "Rep" };
            assert_eq!(user["role"], role, "{user}");
        } else {
            answer.expect(404);
        }
        if model.status == Status::Active || model.invitation.is_some() {
            let seen = self.seen_in_replay(index);
            for (member, value) in self.expected_in_replay(index).as_object().expect("an object") {
                assert_eq!(seen[member], *value, "{member} of {seen}");
            }
        }
        if let Some(invitation) = &model.invitation {
            self.callers.replay.patch(format!("{USERS}/{}", invitation.id), json!({})).expect(409);
        }
    }
}
