//! Migrates databases to the current schema.

use std::sync::LazyLock;

use sqlx::{
    Connection, SqlSafeStr, SqliteConnection,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use super::error::{StoreError, TransactionError};

/// Version, description and text of each file in `migrations/sqlite`.
static FILES: &[(i64, &str, &str)] = &include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// The migrations, embedded at build time.
pub(super) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let migration = |&(version, description, sql): &(i64, &'static str, &'static str)| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(FILES.iter().map(migration).collect())
});

/// `application_id` of a store in the database's header: "cdtn".
pub(super) const APPLICATION_ID: i64 = 0x6364_746e;

/// Applies missing migrations in one transaction, so that several processes can start at once.
pub(super) async fn bring_up(store: &str, connection: &mut SqliteConnection) -> Result<(), TransactionError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    refuse_foreign(store, &mut transaction).await?;
    match MIGRATIONS.run_direct(None, &mut *transaction, false).await {
        Ok(()) => Ok(transaction.commit().await?),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
            Err(TransactionError::Driver(error))
        }
        Err(MigrateError::VersionMissing(found)) => Err(TransactionError::Told(newer_or_other(store, found))),
        Err(other) => Err(TransactionError::Told(StoreError::Schema {
            store: store.to_owned(),
            cause: other.to_string(),
        })),
    }
}

async fn refuse_foreign(store: &str, connection: &mut SqliteConnection) -> Result<(), TransactionError> {
    let (id,): (i64,) = sqlx::query_as("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let (tables,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM sqlite_master").fetch_one(connection).await?;
    match (id, tables) {
        (APPLICATION_ID, _) | (0, 0) => Ok(()),
        _ => Err(TransactionError::Told(StoreError::Foreign { store: store.to_owned() })),
    }
}

fn newer_or_other(store: &str, found: i64) -> StoreError {
    let store = store.to_owned();
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    if found > known {
        StoreError::Newer { store, found, known }
    } else {
        StoreError::Schema { store, cause: format!("it has a migration {found} that this build lacks") }
    }
}
