fn LOADER(i: u32) -> ELEMENT { return textureLoad(BINDING, vec2u(i % WIDTH, i / WIDTH))SWIZZLE; }
