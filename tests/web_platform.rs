//! The browser platform in a real browser: keys that do not come out, proofs that others can check,
//! bodies read as they come.
#![cfg(target_arch = "wasm32")]

use js_sys::{Array, Promise, Uint8Array};
use std::future::poll_fn;
use std::rc::Rc;
use twinchat::client::{Client, Post, Start, Step};
use twinchat::platform::json::Json;
use twinchat::platform::{Platform, Request, Shelf, read_to_end, web};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = r#"
const seen = [];
let feed;

// A proxy inside the page: every request is noted, every answer is made here.
export function pretend_proxy() {
    seen.length = 0;
    globalThis.fetch = async request => {
        const { pathname } = new URL(request.url);
        seen.push({ request, pathname, body: await request.clone().text() });
        if (request.signal.aborted) throw new DOMException('', 'AbortError');
        if (pathname === '/oauth/token') {
            return Response.json({
                access_token: 'token-1', issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', token_type: 'DPoP',
                expires_in: 600, scope: 'full_access', expires_at: 0, visitor_id: 'vis_0000000000000001',
            });
        }
        if (pathname === '/unreachable') throw new TypeError('Failed to fetch');
        if (pathname.endsWith('/stream') || pathname === '/feed') {
            return new Response(new ReadableStream({ start(controller) { feed = controller; } }), { headers: { 'x-request-id': 'r1' } });
        }
        return Response.json({ success: true, data: [], meta: {} });
    };
}

export function say(bytes) { feed.enqueue(bytes); }
export function end() { feed.close(); }
export function cut() { feed.error(new Error('cut')); }
export function aborted(pathname) { return seen.findLast(it => it.pathname === pathname).request.signal.aborted; }
export function sent(pathname) {
    const { request, body } = seen.findLast(it => it.pathname === pathname);
    return [request.method, request.credentials, request.cache, body, request.headers.get('idempotency-key') ?? ''];
}

const bytes = text => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
const text = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const sha256 = async words => text(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(words)));

// Checks the proof of the last request to this path as RFC 9449 section 4.3 says; what is wrong, or ''.
export async function check_proof(pathname, token) {
    const { request, body } = seen.findLast(it => it.pathname === pathname);
    const [head, payload, signature] = request.headers.get('dpop').split('.');
    const { typ, alg, jwk } = JSON.parse(new TextDecoder().decode(bytes(head)));
    const claims = JSON.parse(new TextDecoder().decode(bytes(payload)));
    const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
    const good = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, bytes(signature), new TextEncoder().encode(head + '.' + payload));
    const url = new URL(request.url);
    if (typ !== 'dpop+jwt' || alg !== 'ES256' || 'd' in jwk) return 'header';
    if (!good) return 'signature';
    if (claims.htm !== request.method || claims.htu !== url.origin + url.pathname) return 'request';
    if (Math.abs(claims.iat - Date.now() / 1000) > 5) return 'iat';
    if (bytes(claims.jti).length !== 16) return 'jti';
    if (token) return claims.ath === await sha256(token) ? '' : 'ath';
    const thumbprint = await sha256(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }));
    return new URLSearchParams(body).get('subject_token') === thumbprint ? '' : 'thumbprint';
}

export async function databases() { return (await indexedDB.databases()).map(it => it.name); }

// What the kept key gives away: whether its private half can be exported by whoever finds it.
export async function try_export(name) {
    const request = indexedDB.open('twinchat');
    const database = await new Promise(resolve => { request.onsuccess = () => resolve(request.result); });
    const get = database.transaction('keys').objectStore('keys').get(name);
    const pair = await new Promise(resolve => { get.onsuccess = () => resolve(get.result); });
    database.close();
    const formats = await Promise.allSettled(['jwk', 'pkcs8', 'raw'].map(format => crypto.subtle.exportKey(format, pair.privateKey)));
    return pair.privateKey.extractable || formats.some(it => it.status === 'fulfilled');
}

export function forget_keys() {
    return new Promise(resolve => { const request = indexedDB.deleteDatabase('twinchat'); request.onsuccess = request.onerror = resolve; });
}
"#)]
extern "C" {
    fn pretend_proxy();
    fn say(bytes: &Uint8Array);
    fn end();
    fn cut();
    fn aborted(pathname: &str) -> bool;
    fn sent(pathname: &str) -> Array;
    fn check_proof(pathname: &str, token: &str) -> Promise;
    fn databases() -> Promise;
    fn try_export(name: &str) -> Promise;
    fn forget_keys() -> Promise;
}

async fn done(promise: Promise) -> JsValue {
    JsFuture::from(promise).await.unwrap()
}

fn page() -> Platform {
    pretend_proxy();
    web::platform()
}

fn get(path: &str) -> Request {
    Request { method: "GET", url: ["https://chat.example", path].concat(), headers: Vec::new(), body: String::new(), upload: None }
}

#[wasm_bindgen_test]
async fn tabs_take_turns_and_who_waits_too_long_or_no_longer_holds_up_nobody() {
    let keys = page().keys;
    let first = keys.turn("turns", 1_000).await.expect("the first one's turn");
    assert!(keys.turn("turns", 10).await.is_none(), "it is still the first one's");
    assert!(keys.turn("others", 1_000).await.is_some());
    let (gone, next) = (keys.turn("turns", 60_000), keys.turn("turns", 60_000));
    drop(gone);
    drop(first);
    assert!(next.await.is_some());
}

#[wasm_bindgen_test]
async fn a_text_is_left_beside_the_key_only_where_one_is_kept_and_goes_when_it_is_removed() {
    done(forget_keys()).await;
    let keys = page().keys;
    keys.leave("https://chat.example token", "one").await;
    assert_eq!(done(databases()).await.unchecked_into::<Array>().length(), 0, "left where nothing may be kept yet");
    keys.make().await.unwrap().keep("https://chat.example").await.unwrap();
    assert_eq!(keys.left("https://chat.example token").await, None);
    keys.leave("https://chat.example token", "one").await;
    keys.leave("https://chat.example token", "two").await;
    assert_eq!(keys.left("https://chat.example token").await.as_deref(), Some("two"));
    keys.remove("https://chat.example token").await;
    assert_eq!(keys.left("https://chat.example token").await, None);
}

#[wasm_bindgen_test]
async fn looking_for_a_key_leaves_no_trace_and_a_kept_one_cannot_be_exported() {
    done(forget_keys()).await;
    let keys = page().keys;
    assert!(keys.find("https://chat.example").await.is_none());
    let key = keys.make().await.expect("WebCrypto");
    assert_eq!(Array::from(&done(databases()).await).length(), 0, "looking and making have left no database");
    assert!(key.keep("https://chat.example").await.is_some());
    assert!(!done(try_export("https://chat.example")).await.is_truthy());
    let found = keys.find("https://chat.example").await.expect("it was kept");
    assert_eq!((found.x(), found.y()), (key.x(), key.y()));
    assert_eq!(found.sign(b"words").await.map(|signature| signature.len()), Some(64));
    assert!(keys.find("https://other.example").await.is_none(), "a key is for one proxy");
    let late = keys.make().await.expect("WebCrypto").keep("https://chat.example").await.expect("the first one's");
    assert_eq!(late.x(), key.x(), "who comes second is the same visitor");
    keys.remove("https://other.example").await;
    assert!(keys.find("https://chat.example").await.is_some());
    keys.remove("https://chat.example").await;
    assert!(keys.find("https://chat.example").await.is_none());
    done(forget_keys()).await;
}

#[wasm_bindgen_test]
async fn the_exchange_and_every_call_carry_proofs_that_verify() {
    let client = Client::new(page(), "https://chat.example", "vi");
    client.twins().await.expect("an answer");
    assert_eq!(done(check_proof("/oauth/token", "")).await.as_string().as_deref(), Some(""));
    assert_eq!(done(check_proof("/api/v1/twins", "token-1")).await.as_string().as_deref(), Some(""));
}

#[wasm_bindgen_test]
async fn a_body_is_read_as_it_comes_and_taken_back_when_nobody_wants_it() {
    let http = page().http;
    let mut answer = http.send(get("/feed")).await.unwrap();
    assert_eq!((answer.status(), answer.header("x-request-id").as_deref()), (200, Some("r1")));
    say(&Uint8Array::from("Xin ch\u{e0}o".as_bytes()).subarray(0, 7));
    let chunk = poll_fn(|context| answer.poll_chunk(context)).await.unwrap();
    assert_eq!(chunk.as_deref(), Some(&"Xin ch\u{e0}o".as_bytes()[..7]), "half a character");
    assert!(!aborted("/feed"));
    drop(answer);
    assert!(aborted("/feed"));
    let answer = http.send(get("/feed")).await.unwrap();
    say(&Uint8Array::from(&b"abc"[..]));
    end();
    assert_eq!(read_to_end(answer, 3).await.as_deref(), Ok(&b"abc"[..]));
    let answer = http.send(get("/feed")).await.unwrap();
    say(&Uint8Array::from(&b"abcd"[..]));
    end();
    assert!(read_to_end(answer, 3).await.is_err(), "more than wanted");
    let answer = http.send(get("/feed")).await.unwrap();
    cut();
    assert!(read_to_end(answer, 3).await.is_err());
    assert!(http.send(get("/unreachable")).await.is_err());
}

#[wasm_bindgen_test]
async fn a_message_goes_out_without_cookies_or_cache_and_its_reply_streams_in() {
    let client = Client::new(page(), "https://chat.example", "vi");
    let content = "\u{201c}Why?\u{201d}\n".to_owned();
    let post = Post { key: "k1".to_owned(), content, reply_to: String::new(), files: Vec::new(), told: Rc::new(|_| {}) };
    let mut stream = client.stream("conv_1", Start::Send(post));
    assert!(matches!(stream.next().await, Step::Line(_)));
    assert!(matches!(stream.next().await, Step::Line(_)));
    let path = "/api/v1/conversations/conv_1/messages/stream";
    let parts: Vec<String> = sent(path).iter().filter_map(|part| part.as_string()).collect();
    assert_eq!(parts, ["POST", "omit", "no-store", "{\"content\":\"\u{201c}Why?\u{201d}\\n\"}", "k1"]);
    assert_eq!(done(check_proof(path, "token-1")).await.as_string().as_deref(), Some(""));
    say(&Uint8Array::from(&b"id: 2.1\nevent: delta\ndata: {\"type\":\"delta\",\"messageId\":\"msg_1\",\"content\":\"So\"}\n\n"[..]));
    let Step::Events(events) = stream.next().await else { panic!("no events") };
    assert_eq!(events[0].content, "So");
}

#[wasm_bindgen_test]
fn json_is_read_by_the_browsers_own_parser() {
    assert!(Json::parse("{").is_err());
    let words = Json::parse(r#"{"content":"Xin chào 👋","number":1,"empty":""}"#).unwrap();
    assert_eq!(words.some_text("content").as_deref(), Some("Xin chào 👋"));
    assert_eq!((words.some_text("number"), words.some_text("absent"), words.some_text("empty")), (None, None, Some(String::new())));
    assert!(!words.flag("number") && words.get("content").is_some_and(|content| content.items().is_empty()));
    let json = Json::parse(r#"{"a":{"b":1.5},"c":null,"d":true,"e":["x"]}"#).unwrap();
    assert_eq!(json.get("a").and_then(|a| a.number("b")), Some(1.5));
    assert!(json.get("c").is_none() && json.flag("d") && json.text("d").is_empty());
    let items = json.get("e").map(|e| e.items().iter().map(Json::as_text).collect::<Vec<_>>());
    assert_eq!(items, Some(vec![Some("x".to_owned())]));
}

#[wasm_bindgen_test]
async fn time_passes_and_texts_are_kept() {
    let platform = page();
    platform.clock.sleep(1).await;
    platform.clock.frame().await;
    assert!(platform.clock.now() > 1_700_000_000_000);
    let (mut one, mut two) = ([0; 16], [0; 16]);
    platform.keys.random(&mut one);
    platform.keys.random(&mut two);
    assert_ne!(one, two);
    for shelf in [Shelf::Tab, Shelf::Site] {
        platform.storage.set(shelf, "twinchat.test", "chào");
        assert_eq!(platform.storage.get(shelf, "twinchat.test").as_deref(), Some("chào"));
        platform.storage.set(shelf, "twinchat.test", "");
        assert_eq!(platform.storage.get(shelf, "twinchat.test"), None);
    }
    assert!(platform.page.online() && !platform.page.language().is_empty());
}
