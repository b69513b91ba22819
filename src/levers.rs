//! Levers that switch single decisions off, so that the bench can show what each of them buys. They exist only in
//! builds with the feature `levers`; in all others they are constants, and nothing can pull them.

/// Reads a lever; the variable is read once.
#[cfg(feature = "levers")]
fn pulled(name: &str) -> bool {
    static PULLED: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    let pulled = PULLED.get_or_init(|| {
        let all = std::env::var("DATASET_OPERATOR_LEVERS").unwrap_or_default();
        all.split(',').map(|lever| lever.trim().to_owned()).collect()
    });
    pulled.iter().any(|lever| lever == name)
}

#[cfg(not(feature = "levers"))]
const fn pulled(_: &str) -> bool {
    false
}

macro_rules! levers {
    ($($(#[doc = $doc:literal])+ $function:ident = $name:literal;)+) => {
        $(
            $(#[doc = $doc])+
            #[cfg_attr(not(feature = "levers"), allow(clippy::missing_const_for_fn))]
            pub(crate) fn $function() -> bool {
                pulled($name)
            }
        )+
    };
}

levers! {
    /// Reads every recorded dataset by itself at each resync, as most operators do.
    get_resync = "get-resync";
    /// Sends calls as fast as passes come.
    no_limiter = "no-limiter";
    /// Keeps objects as they come, managed fields and all.
    no_pruning = "no-pruning";
    /// Runs any number of passes at a time.
    unbounded = "unbounded";
    /// Reads a dataset back after its create, before it is recorded.
    read_back = "read-back";
}
