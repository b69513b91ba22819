//! Structs whose members may all be absent.

/// Declares a struct of options. What is `None` has no member in its JSON.
macro_rules! sparse {
    ($(#[$of_struct:meta])* pub struct $name:ident {
        $($(#[$of_field:meta])* pub $field:ident: Option<$value:ty>,)+
    }) => {
        $(#[$of_struct])*
        pub struct $name {
            $($(#[$of_field])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$value>,)+
        }
    };
}

pub(super) use sparse;
