//! Lower-case hexadecimal, the one way this project writes binary values as text.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Writes bytes as lower-case hexadecimal, two digits a byte.
pub fn encode(bytes: &[u8]) -> String {
    let mut digits = vec![0; bytes.len() * 2];
    encode_into(bytes, &mut digits).to_owned()
}

/// The same without the heap, for short values. `into`: twice as long.
pub fn encode_into<'a>(bytes: &[u8], into: &'a mut [u8]) -> &'a str {
    for (pair, byte) in into.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
    std::str::from_utf8(into).expect("digits are text")
}

/// Reads exactly `N` bytes. Upper-case digits are not accepted, so that one value has one spelling.
pub fn decode<const N: usize>(text: impl AsRef<[u8]>) -> Option<[u8; N]> {
    let digits = text.as_ref();
    if digits.len() != N * 2 {
        return None;
    }
    let (mut bytes, mut seen) = ([0; N], 0);
    for (byte, [high, low]) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    (seen < 16).then_some(bytes)
}

/// What each byte is as a digit; 255: none.
const VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < 16 {
        values[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_spelling() {
        assert_eq!(encode(&[0, 0x9f, 0xff]), "009fff");
        assert_eq!(decode::<3>("009fff"), Some([0, 0x9f, 0xff]));
        assert_eq!(decode::<3>("009FFF"), None);
        assert_eq!(decode::<3>("009ff"), None);
        assert_eq!(decode::<1>("é"), None);
    }
}
