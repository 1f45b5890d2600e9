package org.globalsessions;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Main of a child JVM that does what an application does, with the public interface only. */
final class PlainApplication {
    private PlainApplication() {}

    public static void main(String[] arguments) throws IOException {
        System.out.println("ready");
        Path config = Files.createTempFile(Path.of(arguments[0]), "client", ".conf");
        Files.writeString(
                config, "lru.cache { el_count : 1000, segment_dir : \"" + arguments[0] + "\", idle_timeout : 30m }");
        try (SessionCacheManager cache = SessionCacheManager.open(config)) {
            cache.set("a", "one".getBytes(UTF_8));
            String found = new String(cache.get("a").join(), UTF_8);
            boolean missing = cache.get("b").join() == null;
            boolean held = cache.delete("a").join();
            boolean deleted = cache.get("a").join() == null;
            System.out.println(found + ", " + missing + ", " + held + ", " + deleted);
        }
    }
}
