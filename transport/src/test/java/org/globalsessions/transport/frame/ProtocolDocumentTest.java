package org.globalsessions.transport.frame;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.globalsessions.transport.ErrorCode;
import org.globalsessions.transport.client.RelayLinkSettings;
import org.globalsessions.transport.net.LinkSettings;
import org.junit.jupiter.api.Test;

/** PROTOCOL.md is the specification: the code has its numbers. */
class ProtocolDocumentTest {
    private static final Path DOCUMENT = Path.of("PROTOCOL.md");

    /** Bytes that an entry of the samples adds to the fixed part: its key and value. */
    private static final int KEY_AND_VALUE = 10;

    /** Samples of frames with a list that is not empty; those without one have names of their own. */
    private static final Set<String> LISTS = Set.of(
            "void",
            "touch",
            "inventoried",
            "compare",
            "compared",
            "fetch",
            "fetched",
            "moved",
            "whereabouts",
            "filtered");

    @Test
    void shouldListEveryTypeWithItsCode() throws IOException {
        Map<String, String> rows = numberedRows("## 4 Frames");
        Map<String, String> types = new TreeMap<>();
        for (FrameType type : FrameType.values()) {
            types.put(Integer.toString(type.code()), type.name());
        }
        assertThat(rows).containsExactlyInAnyOrderEntriesOf(types);
    }

    @Test
    void shouldListEveryErrorWithItsCode() throws Exception {
        Map<String, String> codes = new TreeMap<>();
        for (Field field : ErrorCode.class.getFields()) {
            codes.put(Integer.toString(field.getInt(null)), field.getName());
        }
        assertThat(numberedRows("## 5 Errors")).containsExactlyInAnyOrderEntriesOf(codes);
    }

    @Test
    void shouldHaveTheLimitsOfTheCode() throws IOException {
        Map<String, String> limits = new HashMap<>();
        for (String line : section("## 6 Limits")) {
            String[] cells = line.split("\\|", -1);
            if (cells.length == 4) {
                limits.put(cells[1].trim(), cells[2].trim());
            }
        }
        LinkSettings link = LinkSettings.DEFAULTS;
        assertThat(limits)
                .containsEntry("frame", FrameCodec.MAX_FRAME + " bytes")
                .containsEntry("key", FrameCodec.MAX_KEY + " bytes")
                .containsEntry("path", FrameCodec.MAX_PATH + " bytes")
                .containsEntry("hostId", FrameCodec.MAX_HOST_ID + " bytes")
                .containsEntry("text of an error", FrameCodec.MAX_TEXT + " bytes")
                .containsEntry("keys in a VOID", Integer.toString(FrameCodec.MAX_VOIDED))
                .containsEntry("uses in a TOUCH", Integer.toString(FrameCodec.MAX_TOUCHES))
                .containsEntry("hosts in an ADMINISTERED", Integer.toString(FrameCodec.MAX_HOSTS_TOLD))
                .containsEntry("address, role or method of a NOTIFY", FrameCodec.MAX_PUSH_NAME + " bytes")
                .containsEntry("params of a NOTIFY", FrameCodec.MAX_PUSH + " bytes")
                .containsEntry("name of a command", FrameCodec.MAX_COMMAND + " bytes")
                .containsEntry("arguments of a command", Integer.toString(FrameCodec.MAX_ARGUMENTS))
                .containsEntry("lines in a CALLED", Integer.toString(FrameCodec.MAX_LINES))
                .containsEntry(
                        "items in an INVENTORIED, COMPARE or MOVED, digests in a FETCH, fates in a WHEREABOUTS",
                        Integer.toString(FrameCodec.MAX_ITEMS))
                .containsEntry("bits of a filter", Integer.toString(FrameCodec.MAX_FILTER_BITS))
                .containsEntry("bits that a key sets in a filter", Integer.toString(FrameCodec.MAX_FILTER_HASHES))
                .containsEntry("words in a FILTERED", Integer.toString(FrameCodec.MAX_FILTER_WORDS))
                .containsEntry(
                        "HELLO after the connection stands", link.helloTimeout().toSeconds() + " s")
                .containsEntry("TLS handshake", link.helloTimeout().toSeconds() + " s")
                .containsEntry("attempt to connect", link.connectTimeout().toSeconds() + " s")
                .containsEntry(
                        "PING after silence of one's own", link.pingInterval().toSeconds() + " s")
                .containsEntry(
                        "close after silence of the peer", link.silenceLimit().toSeconds() + " s")
                .containsEntry("bytes waiting to leave: slow from", link.slowBytes() + " bytes")
                .containsEntry("bytes waiting to leave: no values announced from", link.byteBudget() / 2 + " bytes")
                .containsEntry("bytes waiting to leave: nothing more is taken from", link.byteBudget() + " bytes")
                .containsEntry(
                        "bytes of open changes per connection", RelayLinkSettings.DEFAULT_WINDOW_BYTES + " bytes")
                .containsEntry(
                        "questions, and apart from them changes, open per connection (`window`)",
                        Integer.toString(RelayLinkSettings.DEFAULT_WINDOW));
    }

    @Test
    void shouldDescribeAsManyBytesAsEachFrameHas() throws IOException {
        Map<String, Integer> variable = new HashMap<>(Map.of(
                "hello-host",
                "sessions".length() + "s\u00e9cret".getBytes(StandardCharsets.UTF_8).length,
                "error",
                "no room: bucket=7".length(),
                "need-session",
                "key-1".length(),
                "session",
                KEY_AND_VALUE,
                "announce-session",
                KEY_AND_VALUE,
                "session-known",
                KEY_AND_VALUE,
                "session-backup",
                KEY_AND_VALUE,
                "notify",
                "user.7news{}".length(),
                "push",
                "usernews{}".length()));
        variable.put("find-clients", "ann".length());
        variable.put("clients-found", 2 * 16);
        variable.put("clients-checked", 0);
        for (Map.Entry<String, Frame> sample : FrameSamples.all().entrySet()) {
            String name = sample.getKey();
            if (variable.containsKey(name)
                    || name.endsWith("-none")
                    || name.startsWith("announce-")
                    || !(name.contains("-") || LISTS.contains(name))) {
                int described = describedBytes(sample.getValue().type().name());
                assertThat(FrameCodec.encodedLength(sample.getValue()) - FrameCodec.HEADER_LENGTH)
                        .as(name)
                        .isEqualTo(described + variable.getOrDefault(name, 0));
            }
        }
    }

    /** The sum of a table's first column, without what depends on lengths. */
    private static int describedBytes(String frame) throws IOException {
        Pattern fixed = Pattern.compile("^\\| (\\d+)( \\+ n)? \\|");
        int sum = 0;
        for (String line : section("### " + frame)) {
            Matcher row = fixed.matcher(line);
            if (row.find()) {
                sum += Integer.parseInt(row.group(1));
            }
        }
        assertThat(sum).as(frame).isPositive();
        return sum;
    }

    private static Map<String, String> numberedRows(String heading) throws IOException {
        Pattern row = Pattern.compile("^\\| (\\d+) \\| ([A-Z_]+) \\|");
        Map<String, String> rows = new TreeMap<>();
        for (String line : section(heading)) {
            Matcher found = row.matcher(line);
            if (found.find()) {
                rows.put(found.group(1), found.group(2));
            }
        }
        return rows;
    }

    /** Lines from a heading to the next one. */
    private static List<String> section(String heading) throws IOException {
        List<String> lines = Files.readAllLines(DOCUMENT, StandardCharsets.UTF_8);
        int begin = 0;
        while (!(lines.get(begin).equals(heading) || lines.get(begin).startsWith(heading + " "))) {
            begin++;
        }
        int end = begin + 1;
        while (end < lines.size() && !lines.get(end).startsWith("#")) {
            end++;
        }
        return lines.subList(begin, end);
    }
}
