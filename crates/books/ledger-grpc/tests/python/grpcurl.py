"""What grpcurl does, as far as the guide needs it: everything it knows of the server it learns by reflection.

    grpcurl.py -plaintext [-d JSON] HOST:PORT list | describe NAME | SERVICE/METHOD
"""

import sys

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def messages(text, cls):
    decoder = json_format.json.JSONDecoder()
    text = text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        yield json_format.ParseDict(value, cls())
        text = text[end:].strip()


def main(words):
    assert words.pop(0) == "-plaintext"
    data = "{}"
    if words[0] == "-d":
        data = words[1]
        words = words[2:]
    address, *words = words
    channel = grpc.insecure_channel(address)
    known = ProtoReflectionDescriptorDatabase(channel)
    pool = DescriptorPool(known)
    if words[0] == "list":
        print("\n".join(sorted(known.get_services())))
        return
    if words[0] == "describe":
        service = pool.FindServiceByName(words[1])
        print("\n".join(method.name for method in service.methods))
        return
    service, method = words[0].split("/")
    described = pool.FindServiceByName(service).FindMethodByName(method)
    request = GetMessageClass(described.input_type)
    kind = ("stream" if described.client_streaming else "unary") + "_"
    kind += "stream" if described.server_streaming else "unary"
    call = getattr(channel, kind)(
        f"/{service}/{method}",
        request_serializer=request.SerializeToString,
        response_deserializer=GetMessageClass(described.output_type).FromString,
    )
    asked = messages(data, request)
    answers = call(asked if described.client_streaming else next(asked))
    for answer in answers if described.server_streaming else [answers]:
        print(json_format.MessageToJson(answer, preserving_proto_field_name=True, descriptor_pool=pool))


main(sys.argv[1:])
