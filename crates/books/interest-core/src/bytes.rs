//! Numbers as bytes: seven bits each, the lowest first, the eighth saying that more follow (LEB128). Signed numbers
//! alternate around zero. Each number has one form, so equal states have equal bytes.

use calendar::Date;

use crate::InterestError;

pub(crate) fn put(out: &mut Vec<u8>, mut value: u128) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

pub(crate) fn put_signed(out: &mut Vec<u8>, value: i128) {
    put(out, (value.cast_unsigned() << 1) ^ (value >> 127).cast_unsigned());
}

/// What is left to read.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    pub(crate) fn byte(&mut self) -> Result<u8, InterestError> {
        let (first, rest) =
            self.0.split_first().ok_or(InterestError::Damaged { what: "the end is missing" })?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn number(&mut self) -> Result<u128, InterestError> {
        let mut value = 0u128;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7f);
            if bits.leading_zeros() < shift {
                return Err(InterestError::Damaged { what: "a number beyond 128 bits" });
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(InterestError::Damaged { what: "a number with idle bytes" });
                }
                return Ok(value);
            }
        }
        Err(InterestError::Damaged { what: "a number beyond 128 bits" })
    }

    pub(crate) fn signed(&mut self) -> Result<i128, InterestError> {
        let value = self.number()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A signed number whose magnitude is at most `limit`.
    pub(crate) fn signed_up_to(&mut self, limit: i128, what: &'static str) -> Result<i128, InterestError> {
        let value = self.signed()?;
        if value.unsigned_abs() > limit.unsigned_abs() {
            return Err(InterestError::Damaged { what });
        }
        Ok(value)
    }

    pub(crate) fn count(&mut self, max: usize) -> Result<usize, InterestError> {
        let count = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        if count > max {
            Err(InterestError::Damaged { what: "more items than there can be" })
        } else {
            Ok(count)
        }
    }

    pub(crate) fn date(&mut self) -> Result<Date, InterestError> {
        self.date_after(Date::MIN)
    }

    /// A day written as the number of days after `base`.
    pub(crate) fn date_after(&mut self, base: Date) -> Result<Date, InterestError> {
        let days = i32::try_from(self.number()?).ok().and_then(|days| base.add_days(days).ok());
        days.ok_or(InterestError::Damaged { what: "a day outside the calendar" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_and_have_one_form() {
        for value in [0, 1, 63, 64, 127, 128, 300, 1 << 64, i128::MAX, -1, -64, -65, i128::MIN] {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, value);
            bytes.push(7);
            let mut reader = Reader(&bytes);
            assert_eq!((reader.signed(), reader.0), (Ok(value), &[7][..]), "{value}");
            for length in 0..bytes.len() - 1 {
                assert!(Reader(&bytes[..length]).signed().is_err(), "{value} cut to {length}");
            }
        }
        let mut largest = [0xff; 19];
        largest[18] = 0x03;
        assert_eq!(Reader(&largest).number(), Ok(u128::MAX));
        largest[18] = 0x04;
        assert!(Reader(&largest).number().is_err(), "129 bits");
        assert!(Reader(&[0xff; 40]).number().is_err(), "no end");
        assert!(Reader(&[0x80, 0x00]).number().is_err(), "zero in two bytes");
    }
}
