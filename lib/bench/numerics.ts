/** Versions of what all cells share, bumped when numbers may move; a task's and a method's own stand in their modules. */
export const NUMERICS: Readonly<Record<string, number>> = { lib: 1 };
