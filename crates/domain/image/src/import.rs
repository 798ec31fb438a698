pub struct Import;
