//! The program of the `hello` image: shows that everything works, and what has just happened.

use std::ffi::OsString;
use std::io::Write;

const TEXT: &str = "
Hello from Gantry! If you can read this, your installation works.

What happened on the way here:
 1. The client looked for the Gantry daemon, started one if none answered, and asked it for a container.
 2. The daemon found the image \"hello\", which it carries inside its own binary, so that nothing had to be downloaded.
 3. It started a small supervisor for the container. That one made new namespaces, mounted the image's layers as the
    root file system, set the limits, and executed this program as process 1.
 4. The supervisor passed these lines on to your client and to the container's log. It would go on doing so even if the
    daemon were killed now.

To look around in a real system, once you can reach a registry, try:
   gantry run -it debian bash

";

pub(crate) fn main(_: Vec<OsString>) -> u8 {
    match std::io::stdout().write_all(TEXT.as_bytes()) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}
