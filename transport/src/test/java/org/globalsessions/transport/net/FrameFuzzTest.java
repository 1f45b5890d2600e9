package org.globalsessions.transport.net;

import org.globalsessions.segment.FuzzFixture;
import org.globalsessions.segment.FuzzTargets.Target;

/** Inputs that Jazzer makes, for what reads the bytes of peers. */
class FrameFuzzTest extends FuzzFixture {
    FrameFuzzTest() {
        super(new Target(FrameDecoderFuzzTarget.class, 1_500, FrameDecoderFuzzTarget::fuzzerTestOneInput));
    }
}
