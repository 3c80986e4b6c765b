// Rows are read four numbers at a time: for row lengths that are multiples of 4.
alias Element = vec4f;
alias SignedElement = vec4i;
alias UnsignedElement = vec4u;

fn sumOfElement(element: Element) -> f32 { return (element.x + element.y) + (element.z + element.w); }

