//! Sets of flags: lists of names in JSON, bits in memory. Names, bits and meanings are those of TigerBeetle's data
//! model.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

macro_rules! flag_set {
    (
        $(#[$flag_doc:meta])* $flag:ident,
        $(#[$set_doc:meta])* $set:ident,
        $($(#[$doc:meta])* $variant:ident = $bit:literal),+ $(,)?
    ) => {
        $(#[$flag_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[repr(u16)]
        pub enum $flag {
            $($(#[$doc])* $variant = $bit),+
        }

        impl $flag {
            /// Every flag, in the order of their bits.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
        }

        $(#[$set_doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $set(u16);

        impl $set {
            /// No flag.
            pub const NONE: Self = Self(0);

            /// The flags whose bits are set in `bits`, or nothing if a bit has no name here.
            pub fn from_bits(bits: u16) -> Option<Self> {
                let known = $flag::ALL.iter().fold(0, |all, flag| all | *flag as u16);
                (bits & !known == 0).then_some(Self(bits))
            }

            /// The flags as bits.
            pub fn bits(self) -> u16 {
                self.0
            }

            /// Whether no flag is set.
            pub fn is_empty(&self) -> bool {
                self.0 == 0
            }

            /// Whether `flag` is set.
            pub fn contains(self, flag: $flag) -> bool {
                self.0 & flag as u16 != 0
            }

            /// This set and `flag`.
            #[must_use]
            pub fn with(self, flag: $flag) -> Self {
                Self(self.0 | flag as u16)
            }

            /// The flags that are set, in the order of their bits.
            pub fn iter(self) -> impl Iterator<Item = $flag> {
                $flag::ALL.iter().copied().filter(move |flag| self.contains(*flag))
            }
        }

        impl FromIterator<$flag> for $set {
            fn from_iter<I: IntoIterator<Item = $flag>>(flags: I) -> Self {
                flags.into_iter().fold(Self::NONE, Self::with)
            }
        }

        impl Serialize for $set {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.iter())
            }
        }

        impl<'de> Deserialize<'de> for $set {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> de::Visitor<'de> for Visitor {
                    type Value = $set;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a list of flags")
                    }
                    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<$set, A::Error> {
                        let mut set = $set::NONE;
                        while let Some(flag) = list.next_element::<$flag>()? {
                            if set.contains(flag) {
                                return Err(de::Error::custom("a flag is named twice"));
                            }
                            set = set.with(flag);
                        }
                        Ok(set)
                    }
                }
                deserializer.deserialize_seq(Visitor)
            }
        }
    };
}

flag_set!(
    /// What an account may be asked to hold itself to.
    AccountFlag,
    /// A set of [`AccountFlag`].
    AccountFlags,
    /// This account and the next one in the batch are created together or not at all.
    Linked = 1,
    /// The account may not be overdrawn: debits, pending ones included, never exceed posted credits.
    DebitsMustNotExceedCredits = 2,
    /// The reverse: credits, pending ones included, never exceed posted debits.
    CreditsMustNotExceedDebits = 4,
    /// The balances after each payment are kept.
    History = 8,
    /// The account comes from elsewhere and brings its own timestamp.
    Imported = 16,
    /// Nothing but the voiding of pending payments is allowed.
    Closed = 32,
);

flag_set!(
    /// What kind of payment this is.
    PaymentFlag,
    /// A set of [`PaymentFlag`].
    PaymentFlags,
    /// This payment and the next one in the batch succeed together or not at all.
    Linked = 1,
    /// Reserve the amount; a later payment posts or voids it.
    Pending = 2,
    /// Post the pending payment named in `pending_id`, in full or in part.
    PostPendingTransfer = 4,
    /// Void the pending payment named in `pending_id`.
    VoidPendingTransfer = 8,
    /// The amount is an upper limit: pay no more than the debit account has.
    BalancingDebit = 16,
    /// The amount is an upper limit: pay no more than the credit account lacks.
    BalancingCredit = 32,
    /// Close the debit account until this pending payment is voided or expires.
    ClosingDebit = 64,
    /// Close the credit account until this pending payment is voided or expires.
    ClosingCredit = 128,
    /// The payment comes from elsewhere and brings its own timestamp.
    Imported = 256,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_json_bits_in_memory() {
        let json = r#"["linked","post_pending_transfer"]"#;
        let flags: PaymentFlags = serde_json::from_str(json).unwrap();
        assert_eq!(flags.bits(), 5);
        assert_eq!(PaymentFlags::from_bits(5), Some(flags));
        assert_eq!(serde_json::to_string(&flags).unwrap(), json);
        assert_eq!(PaymentFlags::from_bits(512), None);
        assert_eq!(serde_json::from_str::<AccountFlags>("[]").unwrap(), AccountFlags::NONE);
        for bad in [r#"["frozen"]"#, r#"["linked","linked"]"#, r#""linked""#, "5", "[1]", "null"] {
            assert!(serde_json::from_str::<AccountFlags>(bad).is_err(), "{bad}");
        }
    }
}
