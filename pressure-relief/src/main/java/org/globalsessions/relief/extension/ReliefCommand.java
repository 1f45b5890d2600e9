package org.globalsessions.relief.extension;

import java.util.List;

/** A command for an operator. Called by one thread at a time, which is interrupted where it takes longer than a second. */
@FunctionalInterface
public interface ReliefCommand {
    /**
     * Does what an operator asks for.
     *
     * @param arguments what was given, at most 64 words of at most 1,024 bytes
     * @return what he is shown: at most 128 lines of at most 1,024 bytes of UTF-8
     * @throws Exception where it cannot: he is told no more than that, and the segment's errors name the class alone; what is foreseen is
     *     better told in lines
     */
    List<String> run(List<String> arguments) throws Exception;
}
