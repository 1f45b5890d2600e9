/** What an application implements to have code of its own run at a relief node. */
package org.globalsessions.relief.extension;
