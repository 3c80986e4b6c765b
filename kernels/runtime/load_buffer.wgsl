fn LOADER(i: u32) -> ELEMENT { return BINDING[i]; }
