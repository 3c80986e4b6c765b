/** What messages call the one who answers at an endpoint, and the settings or flags that name it. */
export interface EndpointNames {
  /** As in `judge`; the cache's folder is called so, too. */
  readonly who: string;
  /** As in `judge.url`. */
  readonly url: string;
  readonly model: string;
  readonly temperature: string;
  /** The environment variable that the key is read from; nothing else holds it, and nothing of ours writes it. */
  readonly keyVariable: string;
}

const CHAT_COMPLETIONS = "/chat/completions";

/** The address that requests go to: `url` itself if it is of chat completions, else theirs under it. */
export function endpointOf(url: string): string {
  const endpoint = new URL(url);
  endpoint.hash = "";
  if (!endpoint.pathname.endsWith(CHAT_COMPLETIONS)) {
    endpoint.pathname = endpoint.pathname.replace(/\/*$/, CHAT_COMPLETIONS);
  }
  return endpoint.href;
}

/** `host:port`, as Deno's network permission names it. */
export function hostOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

/** Whether a text is an address of `http` or `https`, without user name and password. */
export function isEndpoint(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}
