package org.globalsessions.queue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.globalsessions.SessionCacheManager;

/**
 * Main of a child JVM that buys one item after the other, from where it was, until it is killed: each step remembers the number of the next item, adds
 * the one bought to what the application keeps, and leaves a receipt in a queue that holds the last three. Notes each number once it is acknowledged.
 */
final class BuyingChild {
    static final String OWNER = "buyer";
    static final String CART = "cart";
    static final String RECEIPTS = "receipts";
    static final int RECEIPTS_KEPT = 3;

    private BuyingChild() {}

    static Config config(Path folder) {
        return ConfigFactory.parseMap(Map.of(
                "lru.cache.token_path", folder.resolve("table").toString(),
                "lru.cache.segment_dir", folder.toString(),
                "lru.cache.el_count", 200));
    }

    static Path notes(Path folder) {
        return folder.resolve("acknowledged");
    }

    /** How many were bought by what the application keeps. */
    static long bought(OwnerTransaction transaction) {
        byte[] state = transaction.state();
        return state == null ? 0 : ByteBuffer.wrap(state).getLong();
    }

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        try (SessionCacheManager cache = SessionCacheManager.open(config(folder));
                OwnerDirectory owners = new OwnerDirectory(cache, QueueSettings.DEFAULTS);
                FileChannel channel = FileChannel.open(
                        notes(folder), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MappedByteBuffer acknowledged = channel.map(FileChannel.MapMode.READ_WRITE, 0, Long.BYTES);
            QueueOwner buyer = owners.owner(OWNER);
            Begun begun = buyer.transact(t -> t.begin(CART));
            System.out.println("ready");
            long next = begun.memento() == null ? 0 : Long.parseLong(begun.memento());
            while (true) {
                long item = next;
                boolean counts = buyer.transact(t -> {
                    t.state(ByteBuffer.allocate(Long.BYTES)
                            .putLong(bought(t) + 1)
                            .array());
                    if (item == 0) {
                        t.limit(RECEIPTS_KEPT, RECEIPTS);
                    }
                    t.notify("item " + item, RECEIPTS);
                    return t.remember(CART, begun.nonce(), String.valueOf(item + 1));
                });
                if (!counts) {
                    throw new IllegalStateException("another one buys");
                }
                next++;
                acknowledged.putLong(0, next);
            }
        }
    }
}
