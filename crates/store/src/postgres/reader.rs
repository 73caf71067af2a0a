//! The readers: gather the people who are asked for at the same time and load them with one statement.

use std::collections::HashMap;
use std::sync::Arc;

use directory::ids::{OrganizationId, TenantId};
use directory::store::{PersonKey, Unavailable};
use directory::{Include, Record};
use tokio::sync::{Mutex, mpsc, oneshot};
use tracing::error;

use super::error::Result;
use super::load::LoadQuery;
use super::pool::{Session, in_order};
use super::settings::AT_ONCE;
use super::{Options, Shared};

/// Somebody asked for, and who waits for them.
pub(super) struct Question {
    pub(super) tenant: TenantId,
    pub(super) organization: OrganizationId,
    pub(super) key: PersonKey,
    pub(super) include: Include,
    answer: oneshot::Sender<Option<Record>>,
}

pub(super) struct Readers {
    queue: mpsc::Sender<Question>,
}

impl Readers {
    /// As many at work as there are connections: while one waits for its answers, the questions for the next gather.
    pub(super) fn start(shared: &Arc<Shared>, options: &Options) -> Self {
        let (queue, questions) = mpsc::channel(options.queue.max(1));
        let questions = Arc::new(Mutex::new(questions));
        for _ in 0..options.readers.max(1) {
            tokio::spawn(read(shared.clone(), questions.clone(), options.batch.max(1)));
        }
        Self { queue }
    }

    pub(super) async fn person(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: PersonKey,
        include: Include,
    ) -> std::result::Result<Option<Record>, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let question = Question { tenant, organization, key, include, answer };
        self.queue.send(question).await.map_err(|_| Unavailable)?;
        // Who is given no answer was told of in the log.
        answered.await.map_err(|_| Unavailable)
    }
}

async fn read(shared: Arc<Shared>, questions: Arc<Mutex<mpsc::Receiver<Question>>>, most: usize) {
    let mut gathered = Vec::new();
    loop {
        if questions.lock().await.recv_many(&mut gathered, most).await == 0 {
            return;
        }
        let mut by_tenant: HashMap<TenantId, Vec<Question>> = HashMap::new();
        for question in gathered.drain(..) {
            by_tenant.entry(question.tenant).or_default().push(question);
        }
        let tenants: Vec<(TenantId, Vec<Question>)> = by_tenant.into_iter().collect();
        let (here, questions_of) = (&*shared, &tenants[..]);
        let answers = shared.readers.read(AT_ONCE, |session| all(here, session, questions_of)).await;
        match answers {
            Ok(answers) => {
                for ((_, questions), records) in tenants.into_iter().zip(answers) {
                    for (question, record) in questions.into_iter().zip(records) {
                        // Whoever asked may have gone away.
                        let _ = question.answer.send(record);
                    }
                }
            }
            Err(failure) => {
                let people: usize = tenants.iter().map(|(_, questions)| questions.len()).sum();
                error!(%failure, people, "people could not be read");
            }
        }
    }
}

async fn all(
    shared: &Shared,
    session: Session,
    tenants: &[(TenantId, Vec<Question>)],
) -> Result<Vec<Vec<Option<Record>>>> {
    let mut reads = Vec::with_capacity(tenants.len());
    for (tenant, questions) in tenants {
        reads.push(records(shared, &session, *tenant, questions));
    }
    in_order(reads).await.into_iter().collect()
}

/// The records asked for in one tenant, in the order of the questions.
async fn records(
    shared: &Shared,
    session: &Session,
    tenant: TenantId,
    questions: &[Question],
) -> Result<Vec<Option<Record>>> {
    let mut records = vec![None; questions.len()];
    let organizations = questions.iter().map(|question| question.organization);
    let known = shared.reference_data_cache.with(session, tenant, organizations).await?;
    let Some(known) = known else { return Ok(records) };
    let (mut query, mut places) = (LoadQuery::default(), Vec::new());
    for (place, question) in questions.iter().enumerate() {
        if let Some(number) = known.organization(question.organization) {
            let organization = (question.organization, number);
            match shared.cache.person(tenant, question.organization, &question.key) {
                Some(kept) => query.push_kept(organization, kept, question.include),
                None => query.push(organization, &question.key, question.include),
            }
            places.push(place);
        }
    }
    if query.is_empty() {
        return Ok(records);
    }
    for loaded in query.load(session, tenant).await? {
        let (place, version) = (places[loaded.place], loaded.reference_data);
        let question = &questions[place];
        let reference_data = shared.reference_data_cache.at_least(session, tenant, version).await?;
        let Some(reference_data) = reference_data else { continue };
        let record = loaded.record(&reference_data, question.organization, question.include);
        shared.cache.keep(tenant, question.organization, &record.person, &record.membership);
        records[place] = Some(record);
    }
    Ok(records)
}
