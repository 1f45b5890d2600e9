/** Which nodes own a key. */
package org.globalsessions.placement;
