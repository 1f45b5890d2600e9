package org.globalsessions.sibling;

import java.io.IOException;
import java.nio.file.Path;

/** Runs a sibling as a process of its own that ends with its parent: {@code SiblingMain FOLDER PORT}. */
final class SiblingMain {
    private SiblingMain() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        try (SiblingEndpoint sibling = SiblingEndpoint.launch(new SiblingContext(Entries.settings(Path.of(args[0])))
                .pathName(Entries.PATH)
                .port(Integer.parseInt(args[1]))
                .stopWithParent(true))) {
            System.out.println("port " + sibling.port());
            sibling.awaitClose();
        }
    }
}
