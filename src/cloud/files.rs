//! Answers about file metadata: which items of a batch failed, pages of files, and statistics.
//!
//! What is read of a batch decides what is sent again, so the details are read strictly: a result that cannot be read makes
//! the whole answer unusable, which counts as no answer.

use serde_json::{Map, Value};

use super::answer::{Answer, Malformed, Reading, id, items, next_token, text, total, without};

/// How the items of a batch ended.
///
/// The vendor documents that a batch may succeed in part. Its sample shows `Status: true` together with failed items, so
/// both count, and an item may be named by its Uri, by its id, or by both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// `Status`: the service says that all items succeeded.
    pub all_well: bool,
    /// `FailedDetails`
    pub failed: Vec<Failed>,
    /// `SucceedDetails`, which only creates have: the Uri of each item, and its id if there is one.
    pub made: Vec<(String, Option<String>)>,
}

/// An item that failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failed {
    /// `DatasetFileMetaId`
    pub id: Option<String>,
    /// `Uri`
    pub uri: Option<String>,
    /// `Result`: why, in the service's words, at most 200 characters.
    pub result: String,
}

/// A page of `ListDatasetFileMetas`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileMetas {
    /// Its files.
    pub files: Vec<FileMeta>,
    /// `TotalCount`: the files on all pages.
    pub total: Option<u64>,
    /// `NextToken`: the page after this one, unless it is the last.
    pub next: Option<String>,
}

/// The metadata of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileMeta {
    /// `DatasetFileMetaId`: letters, digits, `-` and `_`, 256 at most.
    pub id: String,
    /// `Uri`, which no other file of the version has.
    pub uri: String,
    /// The other members as they came.
    pub fields: Map<String, Value>,
}

/// The answer of `GetDatasetFileMetasStatistics`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statistics {
    /// `TotalCount`: the files of the version.
    pub total: u64,
    /// The most frequent values with their counts, most frequent first.
    pub counts: Vec<(String, u64)>,
}

/// The longest result of an item that is kept, in characters.
const LONGEST_RESULT: usize = 200;

impl Answer {
    /// The answer to a batch of file metadata.
    pub fn batch(&self) -> Result<Batch, Malformed> {
        self.read(|body| {
            let all_well = body.get("Status").and_then(Value::as_bool).ok_or("Status is not true or false")?;
            let details = |name: &'static str| match body.get(name) {
                None | Some(Value::Null) => Ok(Vec::new()),
                Some(list) => {
                    let all = list.as_array().and_then(|all| all.iter().map(Value::as_object).collect());
                    all.ok_or_else(|| format!("{name} is not a list of objects"))
                }
            };
            let owned = |item: &Map<String, Value>, name| text(item, name).map(str::to_owned);
            let failed = details("FailedDetails")?.into_iter().map(|item| Failed {
                id: owned(item, "DatasetFileMetaId"),
                uri: owned(item, "Uri"),
                result: crate::words::cut(text(item, "Result").unwrap_or("no reason given"), LONGEST_RESULT),
            });
            let made = details("SucceedDetails")?.into_iter().filter_map(|item| {
                let id = id(item, "DatasetFileMetaId").ok();
                Some((owned(item, "Uri")?, id))
            });
            Ok(Batch { all_well, failed: failed.collect(), made: made.collect() })
        })
    }

    /// The answer of `ListDatasetFileMetas`.
    pub fn file_metas(&self) -> Result<FileMetas, Malformed> {
        self.read(|body| {
            let items = items(body, "DatasetFileMetas").ok_or("DatasetFileMetas is not a list of objects")?;
            let file = |item| {
                let uri = text(item, "Uri").ok_or("Uri is missing")?.to_owned();
                Ok(FileMeta {
                    id: id(item, "DatasetFileMetaId")?,
                    uri,
                    fields: without(item, &["DatasetFileMetaId", "Uri"]),
                })
            };
            let files = items.into_iter().map(file).collect::<Reading<_>>()?;
            Ok(FileMetas { files, total: total(body), next: next_token(body)? })
        })
    }

    /// The answer of `GetDatasetFileMetasStatistics`.
    pub fn statistics(&self) -> Result<Statistics, Malformed> {
        self.read(|body| {
            let total = total(body).ok_or("TotalCount is missing")?;
            let stats = body.get("DatasetFileMetasStats").filter(|stats| !stats.is_null());
            let stats = stats.map_or(Some(&[][..]), |stats| stats.as_array().map(Vec::as_slice));
            let pair = |stat: &Value| Some((stat.get("Key")?.as_str()?.to_owned(), stat.get("Count")?.as_u64()?));
            let counts = stats.and_then(|stats| stats.iter().map(pair).collect::<Option<_>>());
            let counts = counts.ok_or("DatasetFileMetasStats is not a list of Key and Count")?;
            Ok(Statistics { total, counts })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(body: Value) -> Answer {
        Answer { request_id: None, body: serde_json::from_value(body).unwrap() }
    }

    #[test]
    fn a_batch_tells_what_failed_by_uri_or_id_and_what_was_made() {
        let batch = answer(json!({
            "Status": false,
            "FailedDetails": [{"Uri": "oss://b/1", "Result": "Busy"}, {"DatasetFileMetaId": "07"}],
            "SucceedDetails": [{"Uri": "oss://b/2", "DatasetFileMetaId": "08"}, {"Uri": "oss://b/3"}],
        }));
        let failed = |id: Option<&str>, uri: Option<&str>, result: &str| Failed {
            id: id.map(str::to_owned),
            uri: uri.map(str::to_owned),
            result: result.to_owned(),
        };
        let expected = Batch {
            all_well: false,
            failed: vec![failed(None, Some("oss://b/1"), "Busy"), failed(Some("07"), None, "no reason given")],
            made: vec![("oss://b/2".to_owned(), Some("08".to_owned())), ("oss://b/3".to_owned(), None)],
        };
        assert_eq!(batch.batch(), Ok(expected));
        assert_eq!(answer(json!({"Status": true})).batch(), Ok(Batch { all_well: true, ..Batch::default() }));
        for wrong in [json!({}), json!({"Status": "x"}), json!({"Status": true, "FailedDetails": [5]})] {
            assert!(answer(wrong.clone()).batch().is_err(), "{wrong}");
        }
    }

    #[test]
    fn pages_and_statistics_are_read() {
        let file = json!({"DatasetFileMetaId": "07", "Uri": "oss://b/1", "FileType": "image"});
        let page = answer(json!({"DatasetFileMetas": [file], "TotalCount": 3, "NextToken": "t"})).file_metas().unwrap();
        assert_eq!((page.files.len(), page.total, page.next.as_deref()), (1, Some(3), Some("t")));
        assert_eq!((page.files[0].uri.as_str(), page.files[0].fields.len()), ("oss://b/1", 1));
        assert_eq!(
            answer(json!({"TotalCount": 0})).file_metas(),
            Ok(FileMetas { total: Some(0), ..FileMetas::default() })
        );
        assert!(answer(json!({"DatasetFileMetas": [{"DatasetFileMetaId": "07"}]})).file_metas().is_err());

        let stats = answer(json!({"TotalCount": 3, "DatasetFileMetasStats": [{"Key": "a", "Count": 2}]}));
        assert_eq!(stats.statistics(), Ok(Statistics { total: 3, counts: vec![("a".to_owned(), 2)] }));
        assert_eq!(answer(json!({"TotalCount": 3})).statistics().unwrap().counts, []);
        for wrong in [json!({}), json!({"TotalCount": 1, "DatasetFileMetasStats": [{"Key": "a"}]})] {
            assert!(answer(wrong.clone()).statistics().is_err(), "{wrong}");
        }
    }
}
