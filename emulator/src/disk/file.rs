//! The file of a data directory: one redb database, a table of datasets by their place in the order of creation, one of
//! what hangs on them (files of older emulators do not have it), and a table of numbers.

use std::path::{Path, PathBuf};

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

use crate::attached::{Attached, AttachedRow};
use crate::store::Dataset;

const NAME: &str = "pai-emulator.redb";
/// What the tables hold; another number is another program's file.
const FORMAT: u64 = 1;
/// Place in the order of creation, and the dataset in JSON as `GET /_emulator/state` shows it.
const DATASETS: TableDefinition<u64, &[u8]> = TableDefinition::new("datasets");
/// Kind and place among the kind, and the thing in JSON.
const ATTACHED: TableDefinition<(u8, u64), &[u8]> = TableDefinition::new("attached");
/// `format`, `seed`, `next`.
const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
/// Bytes of the file that are kept in memory. Few, because all datasets are there anyway.
const CACHE: usize = 16 << 20;

/// A data directory that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// It cannot be made or is no directory.
    #[error("data directory {path}: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file in it cannot be opened or read: no permission, another process has it, or it is damaged.
    #[error("data file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<redb::Error>,
    },
    /// The file in it is of another version of the emulator.
    #[error("data file {path} has format {found}, this emulator reads and writes format {FORMAT}")]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// A dataset in it, or something that hangs on one, cannot be understood.
    #[error("data file {path}, dataset number {order}: {source}")]
    Dataset {
        /// The file.
        path: PathBuf,
        /// Its place in the order of creation.
        order: u64,
        /// Why.
        source: serde_json::Error,
    },
}

/// What a data directory holds.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) seed: u64,
    pub(crate) next: u64,
    /// Each with its place in the order of creation.
    pub(crate) datasets: Vec<(u64, Dataset)>,
    pub(crate) attached: Attached,
}

/// The open file. No other process can open it meanwhile.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    database: Database,
}

impl File {
    /// Opens the file of a directory, or makes both.
    pub(super) fn open(directory: &Path) -> Result<Self, DiskError> {
        std::fs::create_dir_all(directory)
            .map_err(|source| DiskError::Directory { path: directory.to_owned(), source })?;
        let path = directory.join(NAME);
        match Database::builder().set_cache_size(CACHE).create(&path) {
            Ok(database) => Ok(Self { path, database }),
            Err(error) => Err(DiskError::File { path, source: Box::new(error.into()) }),
        }
    }

    /// What it holds; `None` when nothing was ever written.
    pub(super) fn read(&self) -> Result<Option<Kept>, DiskError> {
        let failed = |error: redb::Error| DiskError::File { path: self.path.clone(), source: Box::new(error) };
        let Some((format, seed, next)) = self.numbers().map_err(failed)? else {
            return Ok(None);
        };
        if format != FORMAT {
            return Err(DiskError::Format { path: self.path.clone(), found: format });
        }
        let transaction = self.database.begin_read().map_err(|error| failed(error.into()))?;
        let table = transaction.open_table(DATASETS).map_err(|error| failed(error.into()))?;
        let mut datasets = Vec::new();
        for row in table.iter().map_err(|error| failed(error.into()))? {
            let (order, json) = row.map_err(|error| failed(error.into()))?;
            let order = order.value();
            let dataset = serde_json::from_slice(json.value()).map_err(|source| DiskError::Dataset {
                path: self.path.clone(),
                order,
                source,
            })?;
            datasets.push((order, dataset));
        }
        Ok(Some(Kept { seed, next, datasets, attached: self.attached()? }))
    }

    fn attached(&self) -> Result<Attached, DiskError> {
        let failed = |error: redb::Error| DiskError::File { path: self.path.clone(), source: Box::new(error) };
        let mut attached = Attached::default();
        let transaction = self.database.begin_read().map_err(|error| failed(error.into()))?;
        let table = match transaction.open_table(ATTACHED) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(attached),
            Err(error) => return Err(failed(error.into())),
        };
        for row in table.iter().map_err(|error| failed(error.into()))? {
            let (place, json) = row.map_err(|error| failed(error.into()))?;
            let (kind, order) = place.value();
            attached.load(kind, order, json.value()).map_err(|source| DiskError::Dataset {
                path: self.path.clone(),
                order,
                source,
            })?;
        }
        Ok(attached)
    }

    fn numbers(&self) -> Result<Option<(u64, u64, u64)>, redb::Error> {
        let table = match self.database.begin_read()?.open_table(NUMBERS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let number = |name: &str| Ok::<u64, redb::Error>(table.get(name)?.map_or(0, |number| number.value()));
        Ok(Some((number("format")?, number("seed")?, number("next")?)))
    }

    /// Writes all that `fill` does in one transaction; when this returns it is on the disk.
    pub(super) fn write(&self, fill: impl FnOnce(&Transaction) -> Result<(), redb::Error>) -> Result<(), redb::Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        fill(&Transaction(&transaction))?;
        Ok(transaction.commit()?)
    }
}

/// Changes to be written together.
pub(super) struct Transaction<'a>(&'a WriteTransaction);

impl Transaction<'_> {
    /// Forgets all datasets.
    pub(super) fn clear(&self) -> Result<(), redb::Error> {
        self.0.delete_table(DATASETS)?;
        // Opening it makes it, so that there is a table to read even if nothing follows.
        self.0.open_table(DATASETS)?;
        self.0.delete_table(ATTACHED)?;
        Ok(())
    }

    /// Puts what hangs on datasets, or its absence, in place.
    pub(super) fn attach(&self, rows: &[AttachedRow]) -> Result<(), redb::Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut table = self.0.open_table(ATTACHED)?;
        for (kind, number, json) in rows {
            match json {
                Some(json) => drop(table.insert((*kind, *number), json.as_slice())?),
                None => drop(table.remove((*kind, *number))?),
            }
        }
        Ok(())
    }

    /// Puts datasets, or their absence, in place.
    pub(super) fn put(&self, datasets: &[(u64, Option<Vec<u8>>)]) -> Result<(), redb::Error> {
        let mut table = self.0.open_table(DATASETS)?;
        for (order, json) in datasets {
            match json {
                Some(json) => drop(table.insert(order, json.as_slice())?),
                None => drop(table.remove(order)?),
            }
        }
        Ok(())
    }

    /// Sets where the ids go on.
    pub(super) fn ids(&self, seed: u64, next: u64) -> Result<(), redb::Error> {
        let mut table = self.0.open_table(NUMBERS)?;
        for (name, number) in [("format", FORMAT), ("seed", seed), ("next", next)] {
            table.insert(name, number)?;
        }
        Ok(())
    }
}
