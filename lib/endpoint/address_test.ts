import { assertEquals } from "@std/assert";
import { endpointOf, hostOf } from "./address.ts";

Deno.test("requests go to the chat completions of the address", () => {
  const expected = "https://host/v1/chat/completions";
  for (const url of ["https://host/v1", "https://host/v1/", expected, "https://host/v1#top"]) {
    assertEquals(endpointOf(url), expected);
  }
  assertEquals(endpointOf("http://host"), "http://host/chat/completions");
  assertEquals(endpointOf("http://host/v1?version=2"), "http://host/v1/chat/completions?version=2");
});

Deno.test("the host is named with its port", () => {
  assertEquals(["http://a.b/v1", "https://a.b", "https://a.b:8443/", "http://[::1]:80/x"].map(hostOf), [
    ...["a.b:80", "a.b:443", "a.b:8443", "[::1]:80"],
  ]);
});
