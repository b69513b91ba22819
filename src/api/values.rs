//! The closed value sets of the API, spelled as the PAI API spells them.
//!
//! A spec may hold only these values; the schema refuses others at admission. What the service
//! reports is never parsed into these types: services add values, so status keeps plain strings.
//! Source of the sets: the official SDK (`aiworkspace 2021-02-04`) and its reference pages.

/// Declares an enum with its wire spellings, `as_str`, `ALL`, and a schema that lists them in order.
macro_rules! values {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            serde::Serialize, serde::Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
        )]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in documentation order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The spelling in manifests and on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "enum": [$($text),+] })
            }
        }
    };
    ($($(#[$meta:meta])* $name:ident { $($values:tt)+ })+) => {
        $(values! { $(#[$meta])* $name { $($values)+ } })+
    };
}
pub(crate) use values;

values! {
    /// Whether the data is one file or a directory.
    Property {
        /// One file.
        File = "FILE",
        /// A directory.
        Directory = "DIRECTORY",
    }

    /// How a workspace may mount a dataset that was shared with it.
    MountAccessLevel {
        /// For reading.
        ReadOnly = "RO",
        /// For reading and writing.
        ReadWrite = "RW",
    }

    /// The kind of storage that holds the data.
    DataSourceType {
        /// Object Storage Service.
        Oss = "OSS",
        /// General-purpose NAS.
        Nas = "NAS",
        /// Extreme NAS.
        ExtremeNas = "EXTREMENAS",
        /// Cloud Parallel File Storage.
        Cpfs = "CPFS",
        /// CPFS for Lingjun (bare metal).
        BmCpfs = "BMCPFS",
        /// `MaxCompute` tables.
        MaxCompute = "MAXCOMPUTE",
        /// Any URL.
        Url = "URL",
    }

    /// What the data is.
    DataType {
        /// Anything.
        Common = "COMMON",
        /// Pictures.
        Pic = "PIC",
        /// Text.
        Text = "TEXT",
        /// Video.
        Video = "VIDEO",
        /// Audio.
        Audio = "AUDIO",
    }

    /// Where the data came from.
    SourceType {
        /// Registered by a user.
        User = "USER",
        /// Result of an `iTAG` labelling task.
        Itag = "ITAG",
        /// A public dataset of PAI.
        PaiPublicDataset = "PAI_PUBLIC_DATASET",
    }

    /// Who in the workspace sees the dataset.
    Accessibility {
        /// The owner and administrators.
        Private = "PRIVATE",
        /// Every member.
        Public = "PUBLIC",
        /// Members with one of the listed roles.
        RolePublic = "ROLE_PUBLIC",
    }

    /// The computing platform that uses the dataset.
    ProviderType {
        /// General computing.
        Ecs = "Ecs",
        /// Lingjun.
        Lingjun = "Lingjun",
    }

    /// What file metadata the dataset can hold.
    Edition {
        /// None.
        Basic = "BASIC",
        /// File metadata (OSS).
        Advanced = "ADVANCED",
        /// A logical dataset (OSS).
        Logical = "LOGICAL",
    }

    /// What happens to the cloud dataset when the object is deleted.
    DeletionPolicy {
        /// The operator deletes it too.
        Delete = "Delete",
        /// It stays and gets the label `dso-released`.
        Retain = "Retain",
    }

    /// Which existing dataset an object without an id may take over.
    AdoptionPolicy {
        /// Only a dataset that carries the ownership labels of the object.
        AdoptIfMarked = "AdoptIfMarked",
        /// Nothing: always create.
        CreateOnly = "CreateOnly",
        /// Also a dataset without ownership labels, if it is the only one with exactly this name.
        AdoptByName = "AdoptByName",
        /// As `AdoptIfMarked`, but never create.
        AdoptOnly = "AdoptOnly",
    }

    /// What to do when somebody else deleted the cloud dataset.
    OnExternalDeletion {
        /// Report it and wait.
        Fail = "Fail",
        /// Create it again, under a new id.
        Recreate = "Recreate",
    }

    /// What a job does.
    JobAction {
        /// Index the files, so that they can be found by their meaning.
        SemanticIndex = "SemanticIndex",
        /// Let a model tag the files.
        IntelligentTag = "IntelligentTag",
        /// Write the metadata of the files to a directory.
        FileMetaExport = "FileMetaExport",
        /// Make metadata of the files that the storage has.
        FileMetaBuild = "FileMetaBuild",
        /// Remove the tags of an `IntelligentTag` job again.
        IntelligentTagRevert = "IntelligentTagRevert",
        /// Read metadata of files from another dataset, or from a manifest.
        FileMetaImport = "FileMetaImport",
    }

    /// Which jobs use a configuration.
    ConfigType {
        /// Jobs that let a model tag the files.
        MultimodalIntelligentTag = "MultimodalIntelligentTag",
        /// Jobs that index the files, and searches in their index.
        MultimodalSemanticIndex = "MultimodalSemanticIndex",
    }

    /// Which files a job works on.
    JobMode {
        /// All of them.
        Full = "Full",
        /// Those that are new or changed since the last job.
        Increment = "Increment",
    }

    /// What a job that failed for some of its files counts as.
    PartialFailure {
        /// Failed.
        Fail = "Fail",
        /// Complete.
        Accept = "Accept",
    }

    /// What kind of file it is.
    FileType {
        /// A picture.
        Image = "image",
        /// Anything else.
        Application = "application",
        /// A video.
        Video = "video",
        /// A recording.
        Audio = "audio",
        /// A text.
        Text = "text",
    }

    /// What files are counted by.
    AggregateBy {
        /// Their directory.
        FileDir = "filedir",
        /// Their type.
        FileType = "filetype",
        /// Tags of users.
        UserTags = "tags.user",
        /// Tags of models that users removed.
        DeletedAiTags = "tags.user-delete-ai-tags",
        /// Tags of models.
        AiTags = "tags.ai",
        /// All tags that a search sees.
        AllTags = "tags.all",
    }

    /// What happens to a listed file that somebody else made.
    ConflictPolicy {
        /// It is left as it is and counts as failed.
        Fail = "Fail",
        /// It is taken over.
        Adopt = "Adopt",
    }

    /// Why the operator stops a job.
    StopReason {
        /// The object is deleted.
        Deleted = "Deleted",
        /// `activeDeadlineSeconds` are over.
        DeadlineExceeded = "DeadlineExceeded",
    }

    /// How the operator got the recorded cloud dataset.
    Origin {
        /// We created it.
        Created = "Created",
        /// We adopted it.
        Adopted = "Adopted",
    }

    /// Result of an attempt.
    Outcome {
        /// It created the cloud dataset.
        Created = "Created",
        /// It adopted the cloud dataset.
        Adopted = "Adopted",
        /// The service refused it and created nothing.
        Refused = "Refused",
    }
}
