import type { Message } from "./messages.ts";

/** A request as the endpoint saw it. */
export interface SeenRequest {
  readonly path: string;
  readonly authorization: string | null;
  readonly model: string;
  readonly temperature: number;
  /** Where the request has a limit. */
  readonly maxTokens?: number;
  readonly messages: readonly Message[];
}

/** Replies to the request of a number, from 0. */
export type Handler = (request: SeenRequest, number: number) => Response | Promise<Response>;

/** A chat endpoint on this machine that replies, fails or hangs as a test wants it to; `await using` ends it. */
export class TestEndpoint implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  /** Of requests, at any one time. */
  mostAtOnce = 0;
  readonly url: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #released = Promise.withResolvers<void>();
  #atOnce = 0;

  constructor(handler: Handler) {
    const serve = async (request: Request) => {
      this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
      try {
        const number = this.requests.length;
        const { model, temperature, messages, max_tokens: maxTokens } = await request.json();
        const path = new URL(request.url).pathname;
        const authorization = request.headers.get("authorization");
        const limit = maxTokens === undefined ? {} : { maxTokens };
        const seen = { path, authorization, model, temperature, messages, ...limit };
        this.requests.push(seen);
        return await handler(seen, number);
      } finally {
        this.#atOnce--;
      }
    };
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, serve);
    this.url = `http://127.0.0.1:${this.#server.addr.port}/v1`;
  }

  /** Never replies, as long as the endpoint lives. */
  async hang(): Promise<Response> {
    await this.#released.promise;
    return new Response(null, { status: 503 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#released.resolve();
    await this.#server.shutdown();
  }
}

/** A chat completion that says a text. */
export function saying(content: string | null, finish = "stop"): Response {
  return Response.json({ choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: finish }] });
}

/** A chat completion that gives two grades. */
export function grading(first: number, second: number): Response {
  return saying(JSON.stringify({ answer_1: first, answer_2: second }));
}

/** The text that a request has between the tags of a name. */
export function section({ messages }: SeenRequest, tag: string): string | undefined {
  return new RegExp(`<${tag}>\n(.*?)\n</${tag}>`, "s").exec(messages[1].content)?.[1];
}
