fn main() {
    twinchat::embed::watch_for_panics();
}
