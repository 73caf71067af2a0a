//! Applying a patch to a view: in order, on a copy, all of it or nothing.

use super::document::{Action, Operation};
use super::limits::Budget;
use super::shape::{Place, Standing};
use super::{Document, Error, Reason, Rules};
use ::json_patch::jsonptr::Pointer;
use ::json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::Value;

impl Document<'_> {
    /// The view after the patch. The view given is never touched, so that a refusal leaves nothing behind.
    pub fn apply(&self, view: &Value) -> Result<Value, Error> {
        let mut work = Work { rules: self.rules, view: view.clone(), budget: Budget::new() };
        for (index, operation) in self.operations.iter().enumerate() {
            work.run(operation).map_err(|reason| Error {
                operation: Some(index),
                path: Some(operation.path.as_str().to_owned()),
                reason,
            })?;
        }
        Ok(work.view)
    }
}

struct Work<'r> {
    rules: &'r Rules,
    view: Value,
    budget: Budget,
}

/// How [`Work::write`] treats what is at the place already.
#[derive(Clone, Copy)]
enum Write {
    /// Sets a member, inserts an element.
    Add,
    /// Needs something there.
    Replace,
}

impl<'r> Work<'r> {
    fn run(&mut self, operation: &Operation) -> Result<(), Reason> {
        let target = self.place(&operation.path, Reason::UnknownPath)?;
        match &operation.action {
            Action::Add(value) => self.write(Write::Add, target, value),
            Action::Replace(value) => self.write(Write::Replace, target, value),
            Action::Remove => self.remove(target),
            Action::Copy { from } => {
                let source = self.place(from, Reason::UnknownFrom)?;
                let value = self.fetch(&source, &target)?;
                self.put(Write::Add, target, value)
            }
            Action::Move { from } => {
                let source = self.place(from, Reason::UnknownFrom)?;
                self.relocate(source, target)
            }
            Action::Test(value) => {
                let found = target.read(&self.view).ok_or(Reason::NoTarget)?;
                if target.shape.same(found, value) { Ok(()) } else { Err(Reason::TestFailed) }
            }
        }
    }

    fn place(&self, path: &Pointer, unknown: Reason) -> Result<Place<'r>, Reason> {
        let refused = || self.rules.read_only(path).map_or(unknown, Reason::ReadOnly);
        self.rules.resolve(path).ok_or_else(refused)
    }

    fn write(&mut self, how: Write, target: Place<'_>, value: &Value) -> Result<(), Reason> {
        self.budget.spend(value, target.pointer.count())?;
        self.put(how, target, value.clone())
    }

    /// A copy of what is at the source, for the target.
    fn fetch(&mut self, source: &Place<'_>, target: &Place<'_>) -> Result<Value, Reason> {
        let value = source.read(&self.view).ok_or(Reason::NoSource)?;
        self.budget.spend(value, target.pointer.count())?;
        Ok(value.clone())
    }

    /// Own code, because a move out of a fixed place leaves that place empty instead of taking it away.
    fn relocate(&mut self, source: Place<'_>, target: Place<'_>) -> Result<(), Reason> {
        if source.pointer == target.pointer {
            return source.read(&self.view).map(|_| ()).ok_or(Reason::NoSource);
        }
        if target.pointer.starts_with(&source.pointer) {
            return Err(Reason::IntoItself);
        }
        let value = self.fetch(&source, &target)?;
        self.remove(source)?;
        self.put(Write::Add, target, value)
    }

    fn put(&mut self, how: Write, target: Place<'_>, value: Value) -> Result<(), Reason> {
        // An entry that is null is no entry. It is written all the same, for the checks that come with writing.
        let clears = target.standing == Standing::Entry && value.is_null();
        let value = if clears { value } else { target.shape.fit(value) };
        let path = target.pointer.clone();
        self.edit(match how {
            Write::Add => PatchOperation::Add(AddOperation { path, value }),
            Write::Replace => PatchOperation::Replace(ReplaceOperation { path, value }),
        })?;
        if clears { self.remove(target) } else { Ok(()) }
    }

    fn remove(&mut self, target: Place<'_>) -> Result<(), Reason> {
        match target.standing {
            Standing::Fixed => {
                let found = self.view.pointer_mut(target.pointer.as_str()).ok_or(Reason::NoTarget)?;
                *found = target.shape.empty();
                Ok(())
            }
            Standing::Entry | Standing::Free => {
                self.edit(PatchOperation::Remove(RemoveOperation { path: target.pointer }))
            }
        }
    }

    /// One plain RFC 6902 edit by the `json-patch` crate, which knows about indexes, `-` and missing parents.
    ///
    /// It is `patch_unsafe`, which undoes nothing when it fails, because then the view is thrown away; and the undoing of
    /// its sibling `patch` panics after a move to the root (version 5.0.0).
    fn edit(&mut self, operation: PatchOperation) -> Result<(), Reason> {
        ::json_patch::patch_unsafe(&mut self.view, &[operation]).map_err(|_| Reason::NoTarget)
    }
}
