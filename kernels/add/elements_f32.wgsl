// Rows are read one number at a time: for any row length.
alias Element = f32;
alias SignedElement = i32;
alias UnsignedElement = u32;

fn sumOfElement(element: Element) -> f32 { return element; }

