package org.globalsessions.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.Closeable;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;
import org.globalsessions.Version;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two copies of the library in one JVM, each loaded by a class loader of its own: they share the segment and nothing else. */
class TwoCopiesTest {
    @TempDir
    Path folder;

    /** One copy, of which the test's own classes know nothing. */
    private static final class Copy implements Closeable {
        private final URLClassLoader loader;
        private final Object lru;

        Copy(Path file) throws Exception {
            loader = new URLClassLoader(
                    new URL[] {ChildJvm.placeOf(SharedLru.class).toUri().toURL()},
                    ClassLoader.getPlatformClassLoader());
            Class<?> settings = loader.loadClass(SegmentSettings.class.getName());
            Object made = settings.getConstructor(Path.class).newInstance(file);
            settings.getMethod("elCount", int.class).invoke(made, 100);
            lru = type(SharedLru.class).getMethod("open", settings).invoke(null, made);
        }

        private Class<?> type(Class<?> here) throws ClassNotFoundException {
            return loader.loadClass(here.getName());
        }

        private Object encode(String key) throws Exception {
            return lru.getClass().getMethod("encode", String.class).invoke(lru, key);
        }

        void set(String key, String value) throws Exception {
            byte[] bytes = value.getBytes(UTF_8);
            Class<?> outcome = type(WriteOutcome.class);
            lru.getClass()
                    .getMethod(
                            "set",
                            type(EncodedKey.class),
                            byte[].class,
                            int.class,
                            int.class,
                            int.class,
                            type(Version.class),
                            boolean.class,
                            outcome)
                    .invoke(
                            lru,
                            encode(key),
                            bytes,
                            0,
                            bytes.length,
                            0,
                            null,
                            false,
                            outcome.getConstructor().newInstance());
        }

        String get(String key) throws Exception {
            return new String(
                    (byte[]) lru.getClass()
                            .getMethod("get", type(EncodedKey.class))
                            .invoke(lru, encode(key)),
                    UTF_8);
        }

        String slot() throws Exception {
            Object file = lru.getClass().getMethod("file").invoke(lru);
            return file.getClass().getMethod("slot").invoke(file) + " "
                    + file.getClass().getMethod("incarnation").invoke(file);
        }

        @Override
        public void close() throws IOException {
            try {
                lru.getClass().getMethod("close").invoke(lru);
            } catch (ReflectiveOperationException e) {
                throw new IOException(e);
            } finally {
                loader.close();
            }
        }
    }

    @Test
    void shouldShareASegmentAndStayAliveWhenOneOfTwoCopiesCloses() throws Exception {
        Path file = folder.resolve("segment");
        Copy first = new Copy(file);
        boolean closed = false;
        try (Copy second = new Copy(file);
                ChildJvm other = ChildJvm.startSoon(List.of(), AttachedChild.class, file.toString(), "100", "false")) {
            assertThat(other.answer()).isEqualTo("ready");
            other.ask("open");
            assertThat(second.lru.getClass()).isNotSameAs(first.lru.getClass());
            assertThat(second.slot()).isNotEqualTo(first.slot());
            first.set("a", "of the first");
            second.set("b", "of the second");
            assertThat(second.get("a")).isEqualTo("of the first");
            assertThat(first.get("b")).isEqualTo("of the second");
            assertThat(other.ask("dead " + first.slot())).isEqualTo("false");
            assertThat(other.ask("dead " + second.slot())).isEqualTo("false");
            first.close();
            closed = true;
            // Closing any descriptor of a lock file ends the whole process's lock on it: the second must still have its
            // own.
            assertThat(other.ask("dead " + second.slot())).isEqualTo("false");
            second.set("a", "later");
            assertThat(second.get("a")).isEqualTo("later");
        } finally {
            if (!closed) {
                first.close();
            }
        }
    }
}
