/** Shell completion, generated from the commands themselves: every command, subcommand and option, and no other list to keep. */
import type { Command } from 'commander';
import { shellQuoted } from './shell-word.ts';

export type ShellName = 'bash' | 'zsh' | 'fish';
export const shellNames: readonly ShellName[] = ['bash', 'zsh', 'fish'];

/** What may follow a command: subcommands and options, each with its meaning. */
interface Node {
  /** Words after the program's name that lead here, such as ['key', 'new']. */
  readonly path: readonly string[];
  readonly words: readonly Word[];
  readonly settings: readonly Setting[];
}

/** An option that takes a value; without values to choose from it is a file's name, or the person's own idea. */
interface Setting {
  readonly text: string;
  readonly values: readonly string[];
}

interface Word {
  readonly text: string;
  readonly meaning: string;
}

/** The script to be sourced by a shell. */
export function completionScript(program: Command, shell: ShellName): string {
  const common = optionWords(program);
  const known = nodesOf(program, []);
  const everywhere = settingsOf(program);
  const nodes = known.map(({ path, words, settings }) => {
    return { path, words: [...words, ...common], settings: [...settings, ...everywhere] };
  });
  switch (shell) {
    case 'bash':
      return bashScript(nodes);
    case 'zsh':
      return zshScript(nodes);
    default:
      return fishScript(known, { path: [], words: common, settings: everywhere });
  }
}

function nodesOf(command: Command, path: readonly string[]): readonly Node[] {
  const subcommands = command.commands.map(sub => ({ text: sub.name(), meaning: meaningOf(sub) }));
  // Those of the program itself may stand after every command.
  const options = path.length === 0 ? [] : optionWords(command);
  const settings = path.length === 0 ? [] : settingsOf(command);
  const self = { path, words: [...subcommands, ...options], settings };
  return [self, ...command.commands.flatMap(sub => nodesOf(sub, [...path, sub.name()]))];
}

function optionWords(command: Command): readonly Word[] {
  return command.options.flatMap(({ long, description }) => (long ? [{ text: long, meaning: description }] : []));
}

/** A value with <n> in it is offered up to there. */
function settingsOf(command: Command): readonly Setting[] {
  return command.options.flatMap(({ long, required, argChoices = [] }) => {
    return long && required ? [{ text: long, values: argChoices.map(value => value.replace(/<.*/, '')) }] : [];
  });
}

function meaningOf(command: Command): string {
  return command.summary() || command.description();
}

/** Both shells take the words that are no options before the cursor as the path, as deep as it is known. */
function bashScript(nodes: readonly Node[]): string {
  return `# kvchain completion for bash: source <(kvchain completion bash)
_kvchain() {
  local current=\${COMP_WORDS[COMP_CWORD]} path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${knownPaths(nodes, '      ')}
    esac
  done
  case "$path" in
${nodes.map(({ path, words }) => `    ${shellQuoted(joined(path))}) words=${shellQuoted(words.map(word => word.text).join(' '))} ;;`).join('\n')}
  esac
  case "$path \${COMP_WORDS[COMP_CWORD-1]}" in
${settingCases(nodes, values => `words=${shellQuoted(values.join(' '))}`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case "\${COMPREPLY-}" in *:) compopt -o nospace 2>/dev/null ;; esac
}
complete -o default -F _kvchain kvchain
`;
}

function zshScript(nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, words }) => {
    const items = words.map(({ text, meaning }) => shellQuoted(`${text.replaceAll(':', '\\:')}:${meaning}`));
    return `    ${shellQuoted(joined(path))}) items=(${items.join(' ')}) ;;`;
  });
  return `#compdef kvchain
# kvchain completion for zsh: source <(kvchain completion zsh)
_kvchain() {
  local place="" word
  local -a items
  for word in "\${words[@]:1:CURRENT-2}"; do
    case "$place $word" in
${knownPaths(nodes, '      ').replaceAll('path=', 'place=')}
    esac
  done
  case "$place" in
${cases.join('\n')}
  esac
  case "$place \${words[CURRENT-1]}" in
${settingCases(nodes, values => `items=(${values.map(value => shellQuoted(value.replaceAll(':', '\\:'))).join(' ')})`)}
  esac
  _describe kvchain items || _files
}
if [ "$funcstack[1]" = "_kvchain" ]; then _kvchain "$@"; else compdef _kvchain kvchain; fi
`;
}

function fishScript(nodes: readonly Node[], common: Node): string {
  const lines = [common, ...nodes].flatMap(node => node.words.map(word => fishLine(node, { word, common })));
  return ['# kvchain completion for fish: kvchain completion fish | source', ...lines, ''].join('\n');
}

function fishLine(node: Node, { word, common }: { readonly word: Word; readonly common: Node }): string {
  const { path, settings } = node;
  const seen = path.map(name => `__fish_seen_subcommand_from ${name}`).join('; and ');
  const when = node === common ? '' : ` -n ${shellQuoted(path.length === 0 ? '__fish_use_subcommand' : seen)}`;
  const setting = settings.find(({ text }) => text === word.text);
  const choice =
    setting === undefined
      ? ''
      : ` -r${setting.values.length === 0 ? '' : ` -f -a ${shellQuoted(setting.values.join(' '))}`}`;
  return `complete -c kvchain${when} ${fishWord(word)}${choice}`;
}

function fishWord({ text, meaning }: Word): string {
  const word = text.startsWith('--') ? `-l ${text.slice(2)}` : `-a ${text}`;
  return `${word} -d ${shellQuoted(meaning)}`;
}

/** What may follow an option that takes a value; nothing, so that the shell offers its files, where no values are known. */
function settingCases(nodes: readonly Node[], set: (values: readonly string[]) => string): string {
  return nodes
    .flatMap(({ path, settings }) => {
      return settings.map(({ text, values }) => `    ${shellQuoted(`${joined(path)} ${text}`)}) ${set(values)} ;;`);
    })
    .join('\n');
}

function knownPaths(nodes: readonly Node[], indent: string): string {
  const paths = nodes.filter(({ path }) => path.length > 0).map(({ path }) => path);
  return paths
    .map(path => `${indent}${shellQuoted(` ${path.join(' ')}`)}) path=${shellQuoted(joined(path))} ;;`)
    .join('\n');
}

function joined(path: readonly string[]): string {
  return path.length === 0 ? '' : ` ${path.join(' ')}`;
}
