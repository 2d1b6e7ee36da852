/**
 * Chat templates for the formats that a recipe can name, in Jinja as transformers reads it. Each follows the published
 * format of prompts: those of Stanford Alpaca and of OpenAI's ChatML, and the model cards of EXAONE 3.0, Llama 3 and
 * Mistral-7B-Instruct.
 */
export const chatFormats: Readonly<Record<string, string>> = {
  alpaca: `{%- for message in messages -%}
{%- if message['role'] == 'user' -%}
{{ '### Instruction:\\n' + message['content'] + '\\n\\n' }}
{%- elif message['role'] == 'assistant' -%}
{{ '### Response:\\n' + message['content'] }}{{ eos_token }}{{ '\\n\\n' }}
{%- else -%}
{{ message['content'] + '\\n\\n' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '### Response:\\n' }}
{%- endif -%}`,

  chatml: `{%- for message in messages -%}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '<|im_start|>assistant\\n' }}
{%- endif -%}`,

  exaone: `{%- if messages and messages[0]['role'] != 'system' -%}
{{ '[|system|][|endofturn|]\\n' }}
{%- endif -%}
{%- for message in messages -%}
{{ '[|' + message['role'] + '|]' + message['content'] }}
{%- if message['role'] != 'user' -%}
{{ '[|endofturn|]' }}
{%- endif -%}
{{ '\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '[|assistant|]' }}
{%- endif -%}`,

  llama3: `{{- bos_token -}}
{%- for message in messages -%}
{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif -%}`,

  mistral: `{{- bos_token -}}
{%- set pending = namespace(system='') -%}
{%- for message in messages -%}
{%- if message['role'] == 'system' -%}
{%- set pending.system = message['content'] + '\\n\\n' -%}
{%- elif message['role'] == 'user' -%}
{{ '[INST] ' + pending.system + message['content'] + ' [/INST]' }}
{%- set pending.system = '' -%}
{%- else -%}
{{ ' ' + message['content'] }}{{ eos_token }}
{%- endif -%}
{%- endfor -%}`,
};
