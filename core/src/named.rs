//! Enums whose values have a stored and shown name, which is written once, beside the value.

// `tt`, because the derive of the schema does not see through a `literal` and would describe other names.
/// Makes an enum of named values, with `ALL`, `name` and `parse`; JSON and the description of the API use the same
/// names.
macro_rules! named {
    ($(#[$of:meta])* pub enum $enum:ident { $($(#[$doc:meta])* $value:ident = $text:tt,)* }) => {
        $(#[$of])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema,
        )]
        pub enum $enum {
            $($(#[$doc])* #[serde(rename = $text)] $value,)*
        }

        impl $enum {
            /// Every value, in the order of its declaration.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$value),*];

            /// The stored and shown name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)*
                }
            }

            /// The value of that name.
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$value),)*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use named;
