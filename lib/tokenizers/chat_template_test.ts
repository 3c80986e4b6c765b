import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "#lib/errors.ts";
import { testInFolder } from "#lib/test_folder.ts";
import { ChatTemplate, chatTemplateOf } from "./chat_template.ts";

const CHATML = "{% for message in messages %}\n" +
  "<|im_start|>{{ message.role }}\n{{ message['content'] }}<|im_end|>\n" +
  "{% endfor %}\n" +
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
const TALK = [{ role: "system", content: "Be {{ brief }}." }, { role: "user", content: "Hi" }];

Deno.test("a template renders a talk, blocks trimmed, and begins the assistant's turn where asked", () => {
  const template = new ChatTemplate(CHATML, { path: "t" });
  const talk = "<|im_start|>system\nBe {{ brief }}.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n";
  assertEquals(template.render(TALK, { addGenerationPrompt: false }), talk);
  assertEquals(template.render(TALK, { addGenerationPrompt: true }), `${talk}<|im_start|>assistant\n`);
});

Deno.test("special tokens and further names are the template's to spell", () => {
  const template = new ChatTemplate("{{ bos_token }}{{ date_string }}{{ eos_token }}", {
    ...{ path: "t", bosToken: "<s>", eosToken: "</s>" },
  });
  const variables = { date_string: "1 Jan" };
  assertEquals(template.render([], { addGenerationPrompt: false, variables }), "<s>1 Jan</s>");
});

Deno.test("a talk that the template refuses is refused with its words, a damaged template by its file", () => {
  const template = new ChatTemplate("{{ raise_exception('Only users may speak') }}", { path: "a/chat_template.jinja" });
  assertThrows(
    () => template.render(TALK, { addGenerationPrompt: false }),
    InputError,
    "a/chat_template.jinja: the chat template refuses this talk: Only users may speak",
  );
  assertThrows(() => new ChatTemplate("{% for %}", { path: "t" }), InputError, "t: the chat template is not read: ");
});

testInFolder(
  "a folder's template is its own file's, else that of the settings, of several the default one",
  async (folder) => {
    const write = (name: string, content: unknown) =>
      Deno.writeTextFile(`${folder}/${name}`, typeof content === "string" ? content : JSON.stringify(content));
    const rendered = async () => (await chatTemplateOf(folder)).render([], { addGenerationPrompt: false });
    await assertRejects(() => chatTemplateOf(folder), InputError, `${folder}: no chat template`);
    await write("tokenizer_config.json", { chat_template: "of settings{{ eos_token }}", eos_token: "</s>" });
    assertEquals(await rendered(), "of settings</s>");
    const named = [{ name: "tools", template: "other" }, { name: "default", template: "the default" }];
    await write("tokenizer_config.json", { chat_template: named });
    assertEquals(await rendered(), "the default");
    await write("tokenizer_config.json", { chat_template: named.slice(0, 1) });
    await assertRejects(() => chatTemplateOf(folder), InputError, "chat_template is neither a text nor a list");
    await write("chat_template.json", { chat_template: "of its JSON" });
    assertEquals(await rendered(), "of its JSON");
    await write("chat_template.jinja", "of its file");
    assertEquals(await rendered(), "of its file");
  },
);
