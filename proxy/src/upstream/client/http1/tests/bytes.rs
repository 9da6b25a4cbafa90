//! Heads and bodies, below any connection.

use super::super::body::{Decoder, Garbled, Next};
use super::super::head::{Head, response};
use proptest::prelude::*;

/// Everything that these pieces make of a body: its text, and how many bytes were its own.
fn decoded<'a>(mut decoder: Decoder, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(Vec<u8>, usize, Decoder), Garbled> {
    let (mut text, mut used) = (Vec::new(), 0);
    for piece in pieces {
        let taken = decoder.feed(piece, &mut text)?;
        used += taken;
        if taken < piece.len() {
            assert!(decoder.is_ended(), "bytes are left before the end");
            break;
        }
    }
    Ok((text, used, decoder))
}

fn chunked(text: &[u8]) -> Result<(Vec<u8>, usize, Decoder), Garbled> {
    decoded(Decoder::chunked(), [text])
}

/// A chunk as services write it, with what nobody reads.
fn chunk() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let data = proptest::collection::vec(any::<u8>(), 1..200);
    (data, prop_oneof![Just(""), Just(";a=b"), Just(" "), Just("; x=\"y;z\"")], any::<bool>(), 0..3_usize).prop_map(
        |(data, more, upper, zeros)| {
            let size = if upper { format!("{:X}", data.len()) } else { format!("{:x}", data.len()) };
            let mut wire = format!("{}{size}{more}\r\n", "0".repeat(zeros)).into_bytes();
            wire.extend_from_slice(&data);
            wire.extend_from_slice(b"\r\n");
            (data, wire)
        },
    )
}

proptest! {
    #[test]
    fn chunks_are_read_however_they_are_cut(
        chunks in proptest::collection::vec(chunk(), 0..8),
        end in prop_oneof![Just("0\r\n\r\n"), Just("00;x\r\na: b\r\nc: d\r\n\r\n")],
        after in proptest::collection::vec(any::<u8>(), 0..8),
        cut in 1..64_usize,
    ) {
        let text: Vec<u8> = chunks.iter().flat_map(|(data, _)| data.clone()).collect();
        let mut wire: Vec<u8> = chunks.iter().flat_map(|(_, wire)| wire.clone()).collect();
        wire.extend_from_slice(end.as_bytes());
        let length = wire.len();
        wire.extend_from_slice(&after);
        let (read, used, decoder) = decoded(Decoder::chunked(), wire.chunks(cut)).unwrap();
        prop_assert_eq!((read, used, decoder.is_ended()), (text, length, true));
        for short in 0..length {
            let (_, _, decoder) = chunked(&wire[..short]).unwrap();
            prop_assert_eq!(decoder.close(), Err(Garbled::Short));
        }
    }

    #[test]
    fn whatever_comes_means_the_same_however_it_is_cut(
        wire in prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), "[0-9a-f\r\n;: ]{0,40}".prop_map(String::into_bytes)],
        length in 0..100_u64,
        cut in 1..20_usize,
    ) {
        for decoder in [Decoder::chunked(), Decoder::of_length(length), Decoder::until_close()] {
            let (whole, cut) = (decoded(decoder, [&wire[..]]), decoded(decoder, wire.chunks(cut)));
            if let Ok((text, used, _)) = &whole {
                prop_assert!(text.len() <= *used && *used <= wire.len());
            }
            prop_assert_eq!(whole, cut);
        }
    }

    #[test]
    fn no_head_is_too_odd_to_be_read_or_refused(head in proptest::collection::vec(any::<u8>(), 0..200), begun in any::<bool>()) {
        let bytes = if begun { [b"HTTP/1.1 200 OK\r\n", &head[..], b"\r\n\r\n"].concat() } else { head };
        if let Ok(Head::Answer(answer)) = response(&bytes) {
            prop_assert!(answer.length <= bytes.len());
        }
    }
}

#[test]
fn what_is_no_chunk_is_refused() {
    for wire in [
        "\r\n",
        "x\r\n",
        "-1\r\n",
        "+1\r\na\r\n",
        "1\na\r\n",
        "1\r\nab\r\n",
        "1\r\na\n",
        "1\r\na\r\r",
        "1;a\nb\r\n",
        "10000000000000000\r\n",
        "0\r\n\n",
        "0\r\na: b\n\r\n",
        " 1\r\na\r\n",
        "0x1\r\na\r\n",
    ] {
        assert_eq!(chunked(wire.as_bytes()).map(|_| ()), Err(Garbled::Chunk), "{wire:?}");
    }
    assert_eq!(chunked(b"ffffffffffffffff\r\n").unwrap().2, Decoder::Chunked { next: Next::Data(u64::MAX), aside: 0 });
}

#[test]
fn what_is_said_beside_the_text_has_an_end() {
    for wire in [format!("1;{}", "x".repeat(20_000)), format!("0\r\n{}", "a: b\r\n".repeat(20_000)), "1;xxxx\r\na\r\n".repeat(20_000)] {
        assert_eq!(chunked(wire.as_bytes()).map(|_| ()), Err(Garbled::Aside));
    }
}

/// The body's end and whether the connection goes on, for these lines.
fn said(lines: &str) -> Result<(Decoder, bool), String> {
    match response(format!("HTTP/1.{lines}\r\n\r\nrest").as_bytes())? {
        Head::Answer(answer) => Ok((answer.body, answer.keeps)),
        Head::NotYet | Head::Announced(_) => panic!("{lines}"),
    }
}

#[test]
fn the_head_says_where_the_body_ends_and_whether_the_connection_goes_on() {
    let (length, chunked, until_close) = (Decoder::of_length, Decoder::chunked(), Decoder::until_close());
    for (lines, expected) in [
        ("1 200 OK\r\nContent-Length: 5", (length(5), true)),
        ("1 200 OK\r\nContent-Length: 5, 5\r\ncontent-length: 05", (length(5), true)),
        ("1 500 Oh\r\nTransfer-Encoding: Chunked", (chunked, true)),
        ("1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked", (chunked, true)),
        ("1 200 OK\r\nTransfer-Encoding: gzip", (until_close, false)),
        // Whoever sends both may mean something else with the rest.
        ("1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3", (chunked, false)),
        ("1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close", (length(5), false)),
        ("1 200 OK", (until_close, false)),
        ("0 200 OK", (until_close, false)),
        ("0 200 OK\r\nContent-Length: 5", (length(5), false)),
        ("0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive", (length(5), true)),
        ("1 204 No Content", (length(0), true)),
        ("1 304 Not Modified\r\nContent-Length: 5", (length(0), true)),
    ] {
        assert_eq!(said(lines), Ok(expected), "{lines}");
    }
    for length in ["", "-1", "+1", "1, 2", "0x5", "5 5", "18446744073709551616", "1,"] {
        assert!(said(&format!("1 200 OK\r\nContent-Length: {length}")).is_err(), "{length:?}");
    }
    assert!(said("1 099 No").is_err());
    assert!(response(format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(129)).as_bytes()).is_err());
}
