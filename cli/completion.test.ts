import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { completionScript } from './completion.ts';
import { makeProgram } from './program.ts';

const program = makeProgram({ streams: process, exit: () => {} });

/** What bash offers after `words`, the last of which is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const quoted = ['kvchain', ...words].map(word => `'${word}'`).join(' ');
  const typing = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _kvchain; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const said = execFileSync('bash', ['-c', `${completionScript(program, 'bash')}\n${typing}`], { encoding: 'utf8' });
  return said.trim().split('\n');
}

describe('completion of bash', () => {
  it('offers commands, subcommands and options', () => {
    expect(offered('st')).toEqual(['start', 'stop', 'status']);
    expect(offered('key', '')).toEqual(expect.arrayContaining(['new', 'list', 'show', 'import', 'export', '--json']));
    expect(offered('put', 'a', 'b', '--exp')).toEqual(['--expected-version']);
    expect(offered('key', 'new', '--pass')).toEqual(['--password-file']);
    expect(offered('get', 'a', '--data')).toEqual(['--data-dir']);
    expect(offered('put', 'a', 'b', '--wait', 'c')).toEqual(['confirmed:']);
    expect(offered('get', 'a', '--read', '')).toEqual(['local', 'confirmed:', 'final', 'linearizable']);
    expect(offered('help', 'wal')).toEqual(['']);
  });

  it('leaves the name of a file to the shell', () => {
    expect(offered('put', 'a', '--file', '')).toEqual(['']);
    expect(offered('put', 'a', '--data-dir', '')).toEqual(['']);
  });
});

describe('completion scripts', () => {
  it.each(['bash', 'zsh', 'fish'] as const)('of %s name every command', shell => {
    const script = completionScript(program, shell);
    for (const command of program.commands) expect(script).toContain(command.name());
    expect(script).toContain('expected-version');
  });
});
