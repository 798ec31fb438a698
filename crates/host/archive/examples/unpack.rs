//! Unpacks a layer into a new directory and says how long it took.
use std::os::fd::AsFd;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    std::fs::create_dir(&args[2]).unwrap();
    let root = std::fs::File::open(&args[2]).unwrap();
    let source = std::io::BufReader::with_capacity(64 << 10, std::fs::File::open(&args[1]).unwrap());
    let start = std::time::Instant::now();
    let unpacked = archive::unpack_layer(source, root.as_fd(), archive::Limits::default()).unwrap();
    println!("{:?} {:?}", start.elapsed(), unpacked.bytes);
}
