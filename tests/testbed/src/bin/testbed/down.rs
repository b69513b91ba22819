//! `testbed down`: ends what `up` started, in order, and removes what it wrote.

use std::fs;

use testbed::{Context, Result};

use crate::record::{Record, home};

pub(crate) fn run() -> Result<()> {
    match end_previous()? {
        Some(ended) if ended.is_empty() => println!("nothing was running any more"),
        Some(ended) => println!("ended {}", ended.join(", ")),
        None => println!("nothing is running"),
    }
    Ok(())
}

/// The names of the processes that were ended; `None` if `up` had left nothing.
pub(crate) fn end_previous() -> Result<Option<Vec<String>>> {
    let Some(record) = Record::load()? else {
        return Ok(None);
    };
    let ended = record.end_all()?.into_iter().map(str::to_owned).collect();
    let home = home();
    fs::remove_dir_all(&home).context(format!("removing {}", home.display()))?;
    Ok(Some(ended))
}
