//! What people are listed by, made for all of them at once.

use directory::Person;
use directory::ids::DepartmentId;
use directory::status::Status;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row, Statement, Transaction};

use super::error::Result;
use super::row::Columns;
use crate::codec::document::Document;
use crate::codec::listing::{COLUMNS, columns, entries};
use crate::sql::Cell;

/// People looked at together.
const CHUNK: i64 = 500;

/// How often a long run tells how far it is.
const TELL_EVERY: u64 = 100_000;

const PEOPLE: &str = "
    SELECT p.number, p.id, p.object_id, p.status, p.primary_department, p.created_at, p.updated_at, p.document
    FROM person AS p
    WHERE p.tenant = $1 AND p.number > $2 AND p.deleted_at IS NULL
    ORDER BY p.number LIMIT $3";

const FILL: &str = "
    INSERT INTO person_listed (tenant, person, full_name, user_name, email_address, second_email, title, external_id,
        data_source, birth_date, employment_start, employment_end, invitation_expires_at, invited_or_created_at)
    SELECT $1, n.* FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::timestamptz[], $14::timestamptz[]) AS n";

const LIST: &str = "
    INSERT INTO person_order (tenant, field, value, id, person)
    SELECT $1, n.* FROM unnest($2::smallint[], $3::bytea[], $4::uuid[], $5::bigint[]) AS n";

/// Fills the columns and the entries of all living people, in a transaction in which nobody else writes.
pub(super) async fn build(transaction: &Transaction<'_>) -> Result<(), Error> {
    // The index is made when all entries are there, which is many times faster than one by one.
    transaction
        .batch_execute(
            "TRUNCATE person_listed, person_order; ALTER TABLE person_order DROP CONSTRAINT IF EXISTS person_order_pkey",
        )
        .await?;
    let mut building = Building {
        people: transaction.prepare(PEOPLE).await?,
        fill: transaction.prepare(FILL).await?,
        list: transaction.prepare(LIST).await?,
        transaction,
        done: 0,
    };
    for tenant in transaction.query("SELECT tenant FROM tenant ORDER BY tenant", &[]).await? {
        let tenant: i32 = tenant.try_get(0)?;
        let mut last = Some(0);
        while let Some(behind) = last {
            last = building.chunk(tenant, behind).await?;
        }
    }
    transaction.batch_execute("ALTER TABLE person_order ADD PRIMARY KEY (tenant, field, value, id)").await?;
    Ok(())
}

struct Building<'t> {
    transaction: &'t Transaction<'t>,
    people: Statement,
    fill: Statement,
    list: Statement,
    done: u64,
}

impl Building<'_> {
    /// The people of a tenant behind this number. Answers with the number of the last of them.
    async fn chunk(&mut self, tenant: i32, behind: i64) -> Result<Option<i64>, Error> {
        let rows = self.transaction.query(&self.people, &[&tenant, &behind, &CHUNK]).await?;
        let mut last = None;
        let (mut numbers, mut filled) = (Vec::new(), [const { Vec::<Cell<'static>>::new() }; COLUMNS.len()]);
        let (mut people, mut fields, mut values, mut ids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let number: i64 = row.try_get(0)?;
            last = Some(number);
            let person = match person(row) {
                Ok(person) => person,
                // A damaged row is told of by a check, and keeps nobody else from being listed.
                Err(failure) => {
                    tracing::warn!(tenant, number, %failure, "a person cannot be read");
                    continue;
                }
            };
            numbers.push(number);
            for (column, cell) in filled.iter_mut().zip(columns(&person)) {
                column.push(cell);
            }
            for (field, value) in entries(&person) {
                people.push(number);
                fields.push(field);
                values.push(value);
                ids.push(person.id.0);
            }
        }
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&tenant, &numbers];
        parameters.extend(filled.iter().map(|column| column as &(dyn ToSql + Sync)));
        self.transaction.execute(&self.fill, &parameters).await?;
        self.transaction.execute(&self.list, &[&tenant, &fields, &values, &ids, &people]).await?;
        let before = self.done;
        self.done += rows.len() as u64;
        if self.done / TELL_EVERY > before / TELL_EVERY {
            tracing::info!(people = self.done, "people are being put in order for lists");
        }
        Ok(last)
    }
}

fn person(row: &Row) -> Result<Person> {
    let mut columns = Columns::of(row);
    let number = columns.number()?;
    let (id, object_id) = (columns.person_id()?, columns.object_id()?);
    let status = columns.name(Status::parse)?;
    let primary_department = columns.optional_uuid(DepartmentId)?;
    let (created_at, updated_at) = (columns.time()?, columns.time()?);
    let mut person = Person::new(id, number, object_id, created_at);
    (person.status, person.primary_department, person.updated_at) = (status, primary_department, updated_at);
    columns.json::<Document>()?.fill(&mut person)?;
    Ok(person)
}

#[cfg(test)]
mod tests {
    use directory::Store;
    use testkit::generate;

    use crate::postgres::reference_data::organization_number;
    use crate::postgres::{Address, Options, Postgres};
    use crate::sql::list::tests::{agrees, fill, queries};
    use crate::sql::list::{Members, event_tests};

    #[test]
    fn lists_are_what_a_plain_evaluation_gives() {
        let database = testkit::postgres::database();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (store, session, members, people) = runtime.block_on(async {
            let address = Address::parse(database.url()).unwrap();
            let store = Postgres::open(address, Options::default()).await.unwrap();
            let (tenant, organization, people) = fill(&store).await;
            let session = store.shared.scanners.borrow().await.unwrap().clone();
            let number = organization_number(&session, tenant, organization).await.unwrap().unwrap();
            (store, session, Members { tenant, organization: number }, people)
        });
        let ids = people.iter().map(|person| person.id).collect();
        generate::check(50, queries(ids), |query| {
            runtime.block_on(agrees(&session, members, &people, &query));
        });
        runtime.block_on(event_tests::agree(&session, members.tenant));
        assert_eq!(runtime.block_on(store.check()).unwrap().problems, Vec::<String>::new());
        runtime.block_on(async move { drop(store) });
    }
}
