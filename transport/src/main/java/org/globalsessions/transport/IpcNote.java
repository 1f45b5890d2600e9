package org.globalsessions.transport;

/**
 * What a relay notes in the segment of a path for the sibling of that path: where they meet. Immutable.
 *
 * @param aeronDir   folder of the media driver
 * @param relayEpoch the relay's epoch on this path
 * @param stream     stream of Aeron IPC from the relay to the sibling, {@link #FIRST_STREAM} or more; the next number is the
 *                   way back
 */
public record IpcNote(String aeronDir, long relayEpoch, int stream) {
    /** Stream from the relay to the sibling of the relay's first path. */
    public static final int FIRST_STREAM = 1001;

    private static final String FOLDER = "aeronDir=";
    private static final String EPOCH = ";epoch=";
    private static final String STREAM = ";stream=";

    /**
     * The stream from relay to sibling of one of a relay's paths: no two paths of a relay share one.
     *
     * @param index number of the path within its relay, from 0
     * @return the stream
     */
    public static int streamOf(int index) {
        return FIRST_STREAM + 2 * index;
    }

    /**
     * The way back.
     *
     * @return stream from the sibling to the relay
     */
    public int streamToRelay() {
        return stream + 1;
    }

    /**
     * Reads a segment's note.
     *
     * @param text the note, empty where the relay is away
     * @return where to meet the relay, or null where it does not say
     */
    public static IpcNote parse(String text) {
        // From the end: the folder alone may have anything in its name.
        int stream = text.lastIndexOf(STREAM);
        int epoch = text.lastIndexOf(EPOCH);
        if (!text.startsWith(FOLDER) || epoch <= FOLDER.length() || stream < epoch) {
            return null;
        }
        try {
            return new IpcNote(
                    text.substring(FOLDER.length(), epoch),
                    Long.parseLong(text.substring(epoch + EPOCH.length(), stream)),
                    Integer.parseInt(text.substring(stream + STREAM.length())));
        } catch (NumberFormatException notOurs) {
            return null;
        }
    }

    /**
     * The note as it stands in the segment.
     *
     * @return its text
     */
    public String text() {
        return FOLDER + aeronDir + EPOCH + relayEpoch + STREAM + stream;
    }
}
