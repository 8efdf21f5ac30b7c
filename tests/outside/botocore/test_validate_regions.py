"""A Region that is missing, invented or of another partition is found."""

import unittest

import validate_regions


class ValidateRegions(unittest.TestCase):
    def test_each_difference_is_found(self):
        aws = validate_regions.of_aws()
        self.assertEqual(validate_regions.differences(aws, aws), [])
        tokyo, berlin = ("aws", "ap-northeast-1"), ("aws-eusc", "eusc-de-east-1")
        self.assertTrue({tokyo, berlin} <= aws)
        for known, count in [
            (aws - {tokyo}, 1),
            (aws | {("aws", "eu-west-9")}, 1),
            (aws - {berlin} | {("aws", "eusc-de-east-1")}, 2),
        ]:
            with self.subTest(count=count):
                self.assertEqual(len(validate_regions.differences(known, aws)), count)


if __name__ == "__main__":
    unittest.main()
