package org.globalsessions.segment;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;

/** Class loader beside class loader: two copies of the library in one VM, each with an attach slot of its own, overwrite one key. */
@JCStressTest
@Outcome(id = "0, [01], 0, 1", expect = Expect.ACCEPTABLE, desc = "the first copy's value stays")
@Outcome(id = "[01], 1, 1, 1", expect = Expect.ACCEPTABLE, desc = "the second copy's value stays")
@Outcome(id = ".*2.*, .", expect = Expect.FORBIDDEN, desc = "absent: a key that is only overwritten is always there")
@Outcome(id = ".*3.*, .", expect = Expect.FORBIDDEN, desc = "a mixture of two writes, or another key's value")
@Outcome(id = "., ., 5, .", expect = Expect.FORBIDDEN, desc = "the two copies see different values in the end")
@Outcome(id = "., ., ., [02-9]", expect = Expect.FORBIDDEN, desc = "two records of one key, or none")
@Outcome(expect = Expect.FORBIDDEN, desc = "a copy saw its own write, and then the older value stayed")
@State
public class ClassLoadersStress {
    private static final int DIFFERENT = 5;
    private static final StressedSegment SEGMENT =
            new StressedSegment(StressedSegment.newSettings().elCount(StressedSegment.ROOMY));
    private static final BiFunction<byte[], byte[], byte[]> FIRST =
            copy(SEGMENT.lru().file().path());
    private static final BiFunction<byte[], byte[], byte[]> SECOND =
            copy(SEGMENT.lru().file().path());

    private final StressedEntry entry = StressedEntry.next(StressedSegment.ROOMY_KEYS);

    public ClassLoadersStress() {
        FIRST.apply(entry.key(), entry.changed());
    }

    @SuppressWarnings("unchecked") // the class is known, its loader is another one
    private static BiFunction<byte[], byte[], byte[]> copy(Path file) {
        try {
            List<URL> places = new ArrayList<>();
            for (String place : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
                places.add(new File(place).toURI().toURL());
            }
            // Never closed: it lives as long as the VM.
            ClassLoader loader = new URLClassLoader(places.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
            Class<?> type = loader.loadClass(ForeignLru.class.getName());
            return (BiFunction<byte[], byte[], byte[]>) type.getConstructor(Path.class, int.class, int.class)
                    .newInstance(file, StressedSegment.ROOMY, StressedSegment.RECORD_SIZE);
        } catch (IOException | ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private int read(BiFunction<byte[], byte[], byte[]> copy) {
        byte[] value = copy.apply(entry.key(), null);
        return value == null ? StressedEntry.ABSENT : entry.kindOf(value, value.length);
    }

    @Actor
    public void overwriteByFirst(IIII_Result result) {
        FIRST.apply(entry.key(), entry.old());
        result.r1 = read(FIRST);
    }

    @Actor
    public void overwriteBySecond(IIII_Result result) {
        SECOND.apply(entry.key(), entry.changed());
        result.r2 = read(SECOND);
    }

    @Arbiter
    public void look(IIII_Result result) {
        int seen = read(FIRST);
        result.r3 = seen == read(SECOND) ? seen : DIFFERENT;
        result.r4 = SEGMENT.records(entry);
    }
}
