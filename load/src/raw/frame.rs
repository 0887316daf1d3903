//! Frames of RFC 6455 that come whole: a header, a mask, a payload.

/// A text message.
pub const TEXT: u8 = 1;
/// The end.
pub const CLOSE: u8 = 8;
/// Asks for a pong.
pub const PING: u8 = 9;
/// Answers a ping.
pub const PONG: u8 = 10;

/// A frame inside a buffer.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    pub opcode: u8,
    /// The masking key, if there is one.
    pub mask: Option<[u8; 4]>,
    /// Where the payload begins, from the beginning of the frame.
    pub start: usize,
    /// Where the frame ends.
    pub end: usize,
}

/// Reads the header of the frame that begins the buffer; `None`: not all of the frame is there.
pub fn read(buffer: &[u8]) -> Option<Frame> {
    let (first, second) = (*buffer.first()?, *buffer.get(1)?);
    let (length, mut start) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(*buffer.get(2..)?.first_chunk()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*buffer.get(2..)?.first_chunk()?)).ok()?, 10),
        short => (usize::from(short), 2),
    };
    let mut mask = None;
    if second & 0x80 != 0 {
        mask = Some(*buffer.get(start..)?.first_chunk()?);
        start += 4;
    }
    let end = start.checked_add(length)?;
    (buffer.len() >= end).then_some(Frame { opcode: first & 0x0f, mask, start, end })
}

/// Adds a frame to a buffer. A client's is masked, as it must be; the key is zero, which leaves the payload as it is
/// and costs the server the same.
pub fn write(buffer: &mut Vec<u8>, opcode: u8, payload: &[u8], masked: bool) {
    let mask = if masked { 0x80 } else { 0 };
    buffer.push(0x80 | opcode);
    match payload.len() {
        length @ 0..=125 => buffer.push(mask | length as u8),
        length @ 126..=0xffff => {
            buffer.push(mask | 126);
            buffer.extend((length as u16).to_be_bytes());
        }
        length => {
            buffer.push(mask | 127);
            buffer.extend((length as u64).to_be_bytes());
        }
    }
    if masked {
        buffer.extend([0; 4]);
    }
    buffer.extend(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 125, 126, 127, 400, 65_535, 65_536, 100_000] {
            for masked in [false, true] {
                let payload = vec![b'x'; length];
                let mut buffer = Vec::new();
                write(&mut buffer, TEXT, &payload, masked);
                let whole = buffer.len();
                write(&mut buffer, CLOSE, b"", masked);
                let frame = read(&buffer).unwrap();
                assert_eq!((frame.opcode, frame.end, frame.mask.is_some()), (TEXT, whole, masked));
                assert_eq!(&buffer[frame.start..frame.end], payload);
                assert_eq!(read(&buffer[whole..]).unwrap().opcode, CLOSE);
                for cut in [0, 1, 2, 5, whole - 1] {
                    assert!(cut >= whole || read(&buffer[..cut]).is_none(), "{length} cut at {cut}");
                }
            }
        }
    }
}
