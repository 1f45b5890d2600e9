package org.globalsessions.benchmarks;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Processes of one row, all with the same flags; ended when closed, the last first. One thread. */
final class Processes implements AutoCloseable {
    /** As the command's launcher has them, less what only says what is told. */
    private static final List<String> NODE_FLAGS = List.of(
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
            "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
            "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED",
            "--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED",
            "--add-opens=jdk.compiler/com.sun.tools.javac=ALL-UNNAMED",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
            "--add-opens=java.base/java.io=ALL-UNNAMED",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/java.util=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED");

    private static final List<String> FLAGS = List.of(
            "-XX:+IgnoreUnrecognizedVMOptions",
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");

    private static final int HEAP_MEGABYTES = 512;

    private final boolean quick;
    private final int heapMegabytes;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /**
     * None runs yet.
     *
     * @param quick whether it is only tried that everything runs
     */
    Processes(boolean quick) {
        this(quick, HEAP_MEGABYTES);
    }

    /**
     * None runs yet.
     *
     * @param quick         whether it is only tried that everything runs
     * @param heapMegabytes what each of them may take for its heap: a JVM leaves little of that unused
     */
    Processes(boolean quick, int heapMegabytes) {
        this.quick = quick;
        this.heapMegabytes = heapMegabytes;
    }

    ChildJvm start(Class<?> main, boolean isNode, String... arguments) throws IOException {
        List<String> flags = new ArrayList<>(FLAGS);
        flags.add("-Xmx" + heapMegabytes + "m");
        if (isNode) {
            flags.addAll(NODE_FLAGS);
        }
        if (quick) {
            flags.add("-XX:TieredStopAtLevel=1");
        }
        ChildJvm child = ChildJvm.start(flags, main, arguments);
        add(child);
        return child;
    }

    /** One that was started elsewhere is ended with the others. */
    void add(AutoCloseable process) {
        opened.push(process);
    }

    @Override
    public void close() throws IOException {
        IOException failure = null;
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (IOException e) {
                failure = e;
            } catch (Exception e) {
                failure = new IOException(e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
