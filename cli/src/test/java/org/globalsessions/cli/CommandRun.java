package org.globalsessions.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** One run of the command within this JVM: its exit code and what it printed. */
record CommandRun(int exit, String out, String err) {
    static CommandRun of(Object... args) {
        String[] words = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            words[i] = args[i].toString();
        }
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exit = GlobalSessions.execute(words, new PrintWriter(out, true), new PrintWriter(err, true));
        return new CommandRun(exit, out.toString(), err.toString());
    }
}
