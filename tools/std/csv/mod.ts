// @ts-types="./types.d.ts"
export { parse, stringify } from "npm:deno-std@1.4.0/csv/mod.js";
