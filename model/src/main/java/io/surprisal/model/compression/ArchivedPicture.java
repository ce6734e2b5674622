package io.surprisal.model.compression;

import io.surprisal.model.images.PixelImage;

/**
 * A picture in an archive.
 *
 * @param name its path below the folder that was compressed; empty where its file has no names
 * @param label bytes that its file has for it beside the pixels, for example a CIFAR label
 * @param pixels its samples
 */
@SuppressWarnings("ArrayRecordComponent") // given away by its maker
public record ArchivedPicture(String name, byte[] label, PixelImage pixels) {}
