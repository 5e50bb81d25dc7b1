//! How the text forms appear in the OpenAPI document.

/// Describes a type that travels as a JSON string.
macro_rules! text_schema {
    ($type:ty, $name:literal, $pattern:literal, $example:literal, $description:literal) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some($pattern))
                    .description(Some($description))
                    .examples([$example])
                    .into()
            }
        }

        impl utoipa::ToSchema for $type {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed($name)
            }
        }
    };
}
pub(crate) use text_schema;

/// Stands for [`ids::Id`] and its kinds in the OpenAPI document; it has no values.
#[derive(Debug)]
pub enum IdText {}

text_schema!(
    IdText,
    "Id",
    "^([0-9]{1,39}|[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})$",
    "2378",
    "A 128-bit id: decimal up to 2^64 − 1, in the form of a UUID above. 0 and 2^128 − 1 are reserved."
);

/// Stands for [`ids::Timestamp`] in the OpenAPI document; it has no values.
#[derive(Debug)]
pub enum TimestampText {}

text_schema!(
    TimestampText,
    "Timestamp",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z$",
    "2026-11-22T13:08:23.000000001Z",
    "A time in UTC with nine fractional digits (RFC 3339)."
);

/// Stands for [`calendar::Date`] in the OpenAPI document; it has no values.
#[derive(Debug)]
pub enum DateText {}

text_schema!(
    DateText,
    "Date",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "2026-11-22",
    "A day (ISO 8601), from 1970-01-01 to 9999-12-31."
);

/// Stands for [`calendar::DayCount`] in the OpenAPI document; it has no values.
#[derive(Debug)]
pub enum DayCountText {}

text_schema!(
    DayCountText,
    "DayCount",
    r"^(ACT/365\.FIXED|ACT/360|30/360|30E/360|ACT/ACT\.ISDA)$",
    "ACT/365.FIXED",
    "How days become years: the name in FpML's coding scheme `day-count-fraction`."
);
