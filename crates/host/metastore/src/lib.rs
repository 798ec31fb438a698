//! The transactional catalogue: one file that owns every path below the data root.
//!
//! What the catalogue does not name is garbage; what it names exists. It stores records as JSON in named tables and
//! knows nothing of what they mean: each noun defines its tables as [`Table`] constants beside its records.
//!
//! A change is one transaction, synced before [`Catalogue::write`] returns. Readers see one instant and never wait for a
//! writer.

#![forbid(unsafe_code)]

use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why the catalogue refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened, read or written.
    #[error("catalogue: {0}")]
    Store(String),
    /// A record is not what its table says it is.
    #[error("catalogue: record `{key}` of table `{table}`")]
    Record {
        /// The table's name.
        table: &'static str,
        /// The record's key.
        key: String,
        /// What the decoder said.
        #[source]
        source: serde_json::Error,
    },
}

fn store(error: impl std::fmt::Display) -> Error {
    Error::Store(error.to_string())
}

/// A table of records of type `R`, by string key.
pub struct Table<R> {
    name: &'static str,
    record: PhantomData<fn() -> R>,
}

impl<R> Table<R> {
    /// Names a table. The name is part of the file's format.
    pub const fn new(name: &'static str) -> Self {
        Self { name, record: PhantomData }
    }

    fn definition(&self) -> TableDefinition<'static, &'static str, &'static [u8]> {
        TableDefinition::new(self.name)
    }
}

/// The open catalogue; clones share it.
#[derive(Clone)]
pub struct Catalogue {
    database: Arc<Database>,
}

impl Catalogue {
    /// Opens the file, making it where it is missing. Only one process can have it open.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let database = Database::builder().set_cache_size(4 << 20).create(path).map_err(store)?;
        Ok(Self { database: Arc::new(database) })
    }

    /// Runs `change` in one transaction. An error from it leaves the catalogue as it was; on success the change is on disk
    /// when this returns.
    pub fn write<T, E: From<Error>>(&self, change: impl FnOnce(&mut Write<'_>) -> Result<T, E>) -> Result<T, E> {
        let transaction = self.database.begin_write().map_err(store)?;
        let value = change(&mut Write { transaction: &transaction })?;
        transaction.commit().map_err(store)?;
        Ok(value)
    }

    /// Reads one record.
    pub fn get<R: DeserializeOwned>(&self, table: &Table<R>, key: &str) -> Result<Option<R>, Error> {
        let transaction = self.database.begin_read().map_err(store)?;
        let rows = match transaction.open_table(table.definition()) {
            Ok(rows) => rows,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(store(error)),
        };
        rows.get(key).map_err(store)?.map(|row| decode(table.name, key, row.value())).transpose()
    }

    /// Reads all records of a table in the order of their keys.
    pub fn all<R: DeserializeOwned>(&self, table: &Table<R>) -> Result<Vec<(String, R)>, Error> {
        let transaction = self.database.begin_read().map_err(store)?;
        match transaction.open_table(table.definition()) {
            Ok(rows) => collect(table.name, &rows),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(Vec::new()),
            Err(error) => Err(store(error)),
        }
    }
}

/// One change under way.
pub struct Write<'t> {
    transaction: &'t redb::WriteTransaction,
}

impl Write<'_> {
    /// Reads a record as this change sees it.
    pub fn get<R: DeserializeOwned>(&self, table: &Table<R>, key: &str) -> Result<Option<R>, Error> {
        let rows = self.transaction.open_table(table.definition()).map_err(store)?;
        rows.get(key).map_err(store)?.map(|row| decode(table.name, key, row.value())).transpose()
    }

    /// Reads all records of a table as this change sees them.
    pub fn all<R: DeserializeOwned>(&self, table: &Table<R>) -> Result<Vec<(String, R)>, Error> {
        let rows = self.transaction.open_table(table.definition()).map_err(store)?;
        collect(table.name, &rows)
    }

    /// Writes a record, over an older one.
    pub fn put<R: Serialize>(&mut self, table: &Table<R>, key: &str, record: &R) -> Result<(), Error> {
        let bytes = serde_json::to_vec(record).map_err(|source| Error::Record {
            table: table.name,
            key: key.into(),
            source,
        })?;
        let mut rows = self.transaction.open_table(table.definition()).map_err(store)?;
        rows.insert(key, bytes.as_slice()).map_err(store)?;
        Ok(())
    }

    /// Removes a record; says whether it was there.
    pub fn remove<R>(&mut self, table: &Table<R>, key: &str) -> Result<bool, Error> {
        let mut rows = self.transaction.open_table(table.definition()).map_err(store)?;
        let was_there = rows.remove(key).map_err(store)?.is_some();
        Ok(was_there)
    }
}

fn decode<R: DeserializeOwned>(table: &'static str, key: &str, bytes: &[u8]) -> Result<R, Error> {
    serde_json::from_slice(bytes).map_err(|source| Error::Record { table, key: key.into(), source })
}

fn collect<R: DeserializeOwned>(
    table: &'static str,
    rows: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Vec<(String, R)>, Error> {
    let mut records = Vec::new();
    for row in rows.iter().map_err(store)? {
        let (key, value) = row.map_err(store)?;
        let key = key.value().to_owned();
        let record = decode(table, &key, value.value())?;
        records.push((key, record));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: Table<u32> = Table::new("numbers");

    #[test]
    fn a_failed_change_leaves_nothing_and_a_committed_one_survives_reopening() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("catalogue.redb");
        let catalogue = Catalogue::open(&path).unwrap();
        catalogue.write(|w| w.put(&NUMBERS, "one", &1)).unwrap();
        let failed: Result<(), Error> = catalogue.write(|w| {
            w.put(&NUMBERS, "two", &2)?;
            Err(Error::Store("stop".into()))
        });
        assert!(failed.is_err());
        drop(catalogue);

        let catalogue = Catalogue::open(&path).unwrap();
        assert_eq!(catalogue.all(&NUMBERS).unwrap(), [("one".to_owned(), 1)]);
        assert!(catalogue.write(|w| w.remove(&NUMBERS, "one")).unwrap());
        assert_eq!(catalogue.get(&NUMBERS, "one").unwrap(), None);
    }
}
