//! From exact interest to an amount.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::PARTS_PER_UNIT;

/// How exact interest becomes minor units. The names mean what they mean in `java.math.RoundingMode`: up is away from
/// zero and down towards it, for negative interest as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest, halves away from zero.
    HalfUp,
    /// To the nearest, halves to the even neighbour.
    HalfEven,
    /// To the nearest, halves towards zero.
    HalfDown,
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
    /// Towards positive infinity.
    Ceiling,
    /// Towards negative infinity.
    Floor,
}

impl Rounding {
    /// Every way to round there is.
    pub const ALL: [Self; 7] =
        [Self::HalfUp, Self::HalfEven, Self::HalfDown, Self::Up, Self::Down, Self::Ceiling, Self::Floor];

    /// Whole minor units from `exact`, a number of [`PARTS_PER_UNIT`]ths of one.
    pub(crate) fn to_minor_units(self, exact: i128) -> i128 {
        let down = exact / PARTS_PER_UNIT;
        let rest = exact % PARTS_PER_UNIT;
        if rest == 0 {
            return down;
        }
        let half = (2 * rest.abs()).cmp(&PARTS_PER_UNIT);
        let away = match self {
            Self::HalfUp => half != Ordering::Less,
            Self::HalfEven => half == Ordering::Greater || (half == Ordering::Equal && down % 2 != 0),
            Self::HalfDown => half == Ordering::Greater,
            Self::Up => true,
            Self::Down => false,
            Self::Ceiling => rest > 0,
            Self::Floor => rest < 0,
        };
        if away { down + rest.signum() } else { down }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table in the documentation of `java.math.RoundingMode` (Java SE 21), in its order of numbers.
    #[test]
    fn agrees_with_the_table_of_java() {
        let tenths = [55, 25, 16, 11, 10, -10, -11, -16, -25, -55];
        for (rounding, rounded) in [
            (Rounding::Up, [6, 3, 2, 2, 1, -1, -2, -2, -3, -6]),
            (Rounding::Down, [5, 2, 1, 1, 1, -1, -1, -1, -2, -5]),
            (Rounding::Ceiling, [6, 3, 2, 2, 1, -1, -1, -1, -2, -5]),
            (Rounding::Floor, [5, 2, 1, 1, 1, -1, -2, -2, -3, -6]),
            (Rounding::HalfUp, [6, 3, 2, 1, 1, -1, -1, -2, -3, -6]),
            (Rounding::HalfDown, [5, 2, 2, 1, 1, -1, -1, -2, -2, -5]),
            (Rounding::HalfEven, [6, 2, 2, 1, 1, -1, -1, -2, -2, -6]),
        ] {
            let ours = tenths.map(|number| rounding.to_minor_units(number * PARTS_PER_UNIT / 10));
            assert_eq!(ours, rounded, "{rounding:?}");
        }
    }

    #[test]
    fn a_part_beside_the_half_decides() {
        let half = PARTS_PER_UNIT / 2;
        for rounding in [Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfDown] {
            let ours = [half - 1, half + 1, 1 - half, -half - 1].map(|exact| rounding.to_minor_units(exact));
            assert_eq!(ours, [0, 1, 0, -1], "{rounding:?}");
        }
        for rounding in Rounding::ALL {
            let [least, most] = [i128::MIN, i128::MAX].map(|exact| rounding.to_minor_units(exact));
            let limit = i128::MAX / PARTS_PER_UNIT;
            assert!((-limit - 1..=-limit).contains(&least) && (limit..=limit + 1).contains(&most));
        }
    }
}
