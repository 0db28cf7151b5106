/** Shell completion, generated from the commands themselves: every command, subcommand and option, and no other list to keep. */
import type { Command } from 'commander';

export type ShellName = 'bash' | 'zsh' | 'fish';
export const shellNames: readonly ShellName[] = ['bash', 'zsh', 'fish'];

/** What may follow a command: subcommands and options, each with its meaning. */
interface Node {
  /** Words after the program's name that lead here, such as ['key', 'new']. */
  readonly path: readonly string[];
  readonly words: readonly Word[];
}

interface Word {
  readonly text: string;
  readonly meaning: string;
}

/** The script to be sourced by a shell. */
export function completionScript(program: Command, shell: ShellName): string {
  const common = optionWords(program);
  const nodes = nodesOf(program, []).map(node => ({ ...node, words: [...node.words, ...common] }));
  switch (shell) {
    case 'bash':
      return bashScript(nodes);
    case 'zsh':
      return zshScript(nodes);
    default:
      return fishScript(nodesOf(program, []), common);
  }
}

function nodesOf(command: Command, path: readonly string[]): readonly Node[] {
  const subcommands = command.commands.map(sub => ({ text: sub.name(), meaning: meaningOf(sub) }));
  const options = path.length === 0 ? [] : optionWords(command);
  const self = { path, words: [...subcommands, ...options] };
  return [self, ...command.commands.flatMap(sub => nodesOf(sub, [...path, sub.name()]))];
}

function optionWords(command: Command): readonly Word[] {
  return command.options.flatMap(({ long, description }) => (long ? [{ text: long, meaning: description }] : []));
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
  COMPREPLY=($(compgen -W "$words" -- "$current"))
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
  _describe kvchain items || _files
}
if [ "$funcstack[1]" = "_kvchain" ]; then _kvchain "$@"; else compdef _kvchain kvchain; fi
`;
}

function fishScript(nodes: readonly Node[], common: readonly Word[]): string {
  const lines = nodes.flatMap(({ path, words }) => words.map(word => fishLine(path, word)));
  const everywhere = common.map(word => `complete -c kvchain ${fishWord(word)}`);
  return ['# kvchain completion for fish: kvchain completion fish | source', ...everywhere, ...lines, ''].join('\n');
}

function fishLine(path: readonly string[], word: Word): string {
  const condition =
    path.length === 0
      ? '__fish_use_subcommand'
      : path.map(name => `__fish_seen_subcommand_from ${name}`).join('; and ');
  return `complete -c kvchain -n ${shellQuoted(condition)} ${fishWord(word)}`;
}

function fishWord({ text, meaning }: Word): string {
  const word = text.startsWith('--') ? `-l ${text.slice(2)}` : `-a ${text}`;
  return `${word} -d ${shellQuoted(meaning)}`;
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

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
