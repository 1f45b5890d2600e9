package org.globalsessions.relay;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Turns the words of {@code proc_name} into the command of a process. */
final class SiblingCommand {
    /** System property with the path of {@code cli/bin/global-sessions}; set by that launcher. */
    static final String LAUNCHER_PROPERTY = "globalsessions.launcher";

    private static final String OWN_NAME = "global-sessions";
    private static final String MAIN_CLASS = "org.globalsessions.cli.GlobalSessions";

    private SiblingCommand() {}

    /**
     * Resolves the first word where it is our own launcher's name.
     *
     * @param words the command as configured
     * @return the command to start
     */
    static List<String> resolve(List<String> words) {
        if (words.isEmpty()) {
            throw new IllegalArgumentException("The sibling's command is empty: proc_name=[]");
        }
        if (!words.get(0).equals(OWN_NAME)) {
            return List.copyOf(words);
        }
        List<String> command = new ArrayList<>();
        String launcher = System.getProperty(LAUNCHER_PROPERTY);
        if (launcher != null && !launcher.isEmpty()) {
            command.add(launcher);
        } else {
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
                // A debugger's or agent's port belongs to this JVM alone.
                if (!argument.startsWith("-agentlib:") && !argument.startsWith("-javaagent:")) {
                    command.add(argument);
                }
            }
            command.add("-cp");
            command.add(System.getProperty("java.class.path", "." + File.separator));
            command.add(MAIN_CLASS);
        }
        command.addAll(words.subList(1, words.size()));
        return command;
    }
}
